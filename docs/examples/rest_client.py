"""Asks about a picture and about a PDF over REST, as any OpenAI client would.

    python docs/examples/rest_client.py --picture scan.png --pdf contract.pdf

The first question goes out with `requests` and a base64 picture, the second with the official
`openai` client, streamed. Where the service asks for a key, set API_KEY.
"""

from __future__ import annotations

import argparse
import base64
import os
from pathlib import Path

import openai
import requests


def main() -> None:
    """Asks what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--url", default="http://127.0.0.1:8080/v1")
    parser.add_argument("--model", help="an id from /v1/models; the first one if absent")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--pdf", type=Path)
    parser.add_argument("--question", default="Who are the parties, and which law governs?")
    arguments = parser.parse_args()
    key = os.environ.get("API_KEY", "none")
    model = arguments.model or first_model(arguments.url, key)
    if arguments.picture:
        print(ask_about_picture(arguments.url, key, model, arguments.picture))
    if arguments.pdf:
        ask_about_pdf(arguments.url, key, model, arguments.pdf, arguments.question)


def first_model(url: str, key: str) -> str:
    """The id of a model that answers."""
    answer = requests.get(f"{url}/models", headers=bearer(key), timeout=10)
    answer.raise_for_status()
    return str(answer.json()["data"][0]["id"])


def ask_about_picture(url: str, key: str, model: str, picture: Path) -> str:
    """One question, one whole answer."""
    encoded = base64.b64encode(picture.read_bytes()).decode()
    body = {
        "model": model,
        "messages": [
            {
                "role": "user",
                "content": [
                    # The server looks at the content, so the declared type need not be exact.
                    {
                        "type": "image_url",
                        "image_url": {"url": f"data:image/png;base64,{encoded}"},
                    },
                    {"type": "text", "text": "What does this picture say?"},
                ],
            }
        ],
        "max_tokens": 128,
    }
    answer = requests.post(f"{url}/chat/completions", json=body, headers=bearer(key), timeout=120)
    if answer.status_code != 200:
        raise SystemExit(answer.json()["error"]["message"])
    return str(answer.json()["choices"][0]["message"]["content"])


def ask_about_pdf(url: str, key: str, model: str, pdf: Path, question: str) -> None:
    """Prints the answer as it is written, then how it came about."""
    client = openai.OpenAI(base_url=url, api_key=key, timeout=120)
    encoded = base64.b64encode(pdf.read_bytes()).decode()
    stream = client.chat.completions.create(
        model=model,
        messages=[
            {
                "role": "user",
                "content": [
                    {
                        "type": "file",
                        "file": {
                            "filename": pdf.name,
                            "file_data": f"data:application/pdf;base64,{encoded}",
                        },
                    },
                    {"type": "text", "text": question},
                ],
            }
        ],
        max_tokens=256,
        stream=True,
        stream_options={"include_usage": True},
    )
    for chunk in stream:
        for choice in chunk.choices:
            print(choice.delta.content or "", end="", flush=True)
        # The service's own addition, on the last chunk with text: route, pages and times.
        about = (chunk.model_extra or {}).get("glm_flash")
        if about:
            pages = [page["page"] for page in about["pages"] if page["tokens"]]
            print(f"\n\nroute: {about['route']} ({about['route_reason']})\npages used: {pages}")
        if chunk.usage:
            print(f"tokens: {chunk.usage.prompt_tokens} in, {chunk.usage.completion_tokens} out")


def bearer(key: str) -> dict[str, str]:
    """The header that carries the key."""
    return {"Authorization": f"Bearer {key}"}


if __name__ == "__main__":
    main()

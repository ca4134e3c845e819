"""An OpenID Connect provider on the loopback address that signs in whoever it is told to."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.fakes.serving import Handler, Serving

CLIENT, SECRET = "desk", "the-client's-secret"


class Provider(Serving):
    """Use as a context manager. `person` holds the claims of whoever signs in next."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {"sub": "1"}
        self._key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self._given: dict[str, tuple[str, dict[str, Any]]] = {}  # code: nonce and claims
        provider = self

        class Answering(Handler):
            def do_GET(self) -> None:
                path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
                if path == "/.well-known/openid-configuration":
                    self.say(provider.metadata())
                elif path == "/keys":
                    self.say({"keys": [provider._key.as_dict(private=False)]})
                elif path == "/authorize":
                    self.send_response(302)
                    self.send_header("Location", provider.sent_back(query))
                    self.end_headers()
                else:
                    self.send_error(404)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.say(provider.token(parse_qs(body)["code"][0]))

            def say(self, content: object) -> None:
                data = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        super().__init__(Answering)

    def secrets(self, page: str) -> str:
        """The file of a page at that address."""
        return "\n".join(
            (
                "[auth]",
                f'redirect_uri = "{page}oauth2callback"',
                f'cookie_secret = "{"c" * 40}"',
                f'client_id = "{CLIENT}"',
                f'client_secret = "{SECRET}"',
                f'server_metadata_url = "{self.url}/.well-known/openid-configuration"',
            )
        )

    def metadata(self) -> dict[str, Any]:
        """What it says of itself."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def sent_back(self, query: dict[str, list[str]]) -> str:
        """Where somebody who signed in goes."""
        code = f"code-{len(self._given)}"
        self._given[code] = (query.get("nonce", [""])[0], dict(self.person))
        back = {"code": code, "state": query["state"][0]}
        return f"{query['redirect_uri'][0]}?{urlencode(back)}"

    def token(self, code: str) -> dict[str, Any]:
        """Tokens for a code, once."""
        nonce, person = self._given.pop(code)
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 600, "nonce": nonce}
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims | person, self._key)
        return {"access_token": "a", "token_type": "Bearer", "id_token": signed, "expires_in": 600}

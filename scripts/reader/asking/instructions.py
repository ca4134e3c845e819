"""How a request for fields is worded, apart from its fields."""

from __future__ import annotations

INSTRUCTIONS = (
    "Extract the following information from this contract.|"
    "Read the attached agreement and fill in the fields.|"
    "Please extract these fields.|"
    "What does this document say about the following? Answer in JSON.|"
    "Extract the key terms of the attached agreement.|"
    "Give me the data of this contract as JSON.|"
    "Extract the fields. Use null if something is not stated.|"
    "From the contract above, extract the requested values. Do not invent anything.|"
    "You are a careful paralegal. Pull the requested facts out of the document.|"
    "Fill in the form from the document.|"
    "Find these facts in the agreement:|"
    "Extract the contract's main data. Leave out what the document does not say.|"
    "I need these details from the attached file.|"
    "Return the information requested by the schema.|"
    "Analyse the document and report the fields below.|"
    "Please read this PDF and give me the requested values.|"
    "Read the document and answer in the required format.|"
    "Which values does this agreement have for the fields?||"
).split("|")  # fmt: skip
INSTRUCTIONS_ZH = (
    "请从合同中提取以下信息。|请阅读附件并填写各字段。|提取这份合同的关键信息。|请以JSON格式给出合同要素。|"
    "根据文件内容填写下列字段，没有写明的填null。|请找出合同中的这些内容。|从上述合同中抽取所需字段，不要编造。|"
    "请读取该文件，返回所要求的数据。|提取合同主要条款的数据。|请提取下列字段的值。|阅读合同，回答以下各项。|"
    "你是一名合同审查员，请从文件中提取信息。|"
).split("|")  # fmt: skip
VERBATIM = (
    "Copy every value exactly as it is written in the document.",
    "Quote the values verbatim.",
    "Give each value word for word as in the text.",
    "Values must be verbatim.",
    "Write names, dates and amounts exactly as they stand in the document.",
)
VERBATIM_ZH = (
    "请逐字照抄原文。",
    "各字段按原文填写。",
    "所有值须与原文完全一致。",
    "请直接摘录原文。",
)

# A request that carries the list of its fields itself, and asks for names as they are written.
LISTED = (
    "Find these facts in the contract and answer with one JSON object. Copy names and numbers as the "
    "contract has them. What the contract does not say is null (an empty list for a list).",
    "Read the contract and return one JSON object with these values. Leave null what is not in it.",
    "Collect the following from the document. Names stay as they are written; null for what is missing.",
)
LISTED_ZH = (
    "请在合同中找出以下信息，用一个 JSON 对象回答。名称和数字照合同原文抄写。合同没有写明的填 null（列表则为空列表）。",
    "阅读合同，把下列各项填入一个 JSON 对象，没有约定的填 null。",
    "请逐项提取，名称保持原样，缺少的填 null。",
)

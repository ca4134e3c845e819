"""What the beginning of a contract says: its parties, its day, its number; named and asked for."""

from __future__ import annotations

from scripts.reader.facts import Fact, Wording


def _special(key: str, kind: str, en: tuple[str, str], zh: tuple[str, str]) -> Fact:
    return Fact(key, kind, Wording(*en, "", "", ""), Wording(*zh, "", "", ""))


# What the beginning of a contract says. `{a}` and `{b}` are roles.
PREAMBLE = {
    fact.key: fact
    for fact in (
        _special(
            "party", "parties",
            ("party|parties|contracting_parties|party_names|signatories|parties_to_agreement",
             "The parties to the agreement|Names of all parties|Who are the parties?|Who signed it?"),
            ("合同双方|当事人|签约方|party|合同主体|parties", "合同双方的名称|签约各方|合同当事人是谁"),
        ),
        _special(
            "party_a", "company",
            ("{a}|{a}_name|name_of_{a}", "Name of the {a}|Who is the {a}?"),
            ("{a}|{a}名称|{a}姓名或名称", "{a}是谁|{a}的名称"),
        ),
        _special(
            "party_b", "company",
            ("{b}|{b}_name|name_of_{b}", "Name of the {b}|Who is the {b}?"),
            ("{b}|{b}名称|{b}姓名或名称", "{b}是谁|{b}的名称"),
        ),
        _special(
            "effective_date", "date",
            ("effective_date|date|agreement_date|contract_date|date_of_agreement|dated|signing_date",
             "Date from which the agreement takes effect|Effective date|Date of the agreement|When does it take effect?|When was it signed?"),
            ("生效日期|签订日期|合同日期|签约日期|effective_date|签署日期", "合同何时生效|签订日期|合同签订的日期是哪天"),
        ),
        _special(
            "contract_number", "text",
            ("contract_number|agreement_number|reference|contract_no", "Number of the contract|Contract reference"),
            ("合同编号|编号|contract_number", "合同编号是多少|合同的编号"),
        ),
        _special("address_a", "place", ("{a}_address", "Address of the {a}"), ("{a}地址|{a}住所", "{a}的地址|{a}住所在哪里")),
        _special("address_b", "place", ("{b}_address", "Address of the {b}"), ("{b}地址|{b}住所", "{b}的地址|{b}住所在哪里")),
        _special("head_a", "person", ("{a}_representative", "Legal representative of the {a}"), ("{a}法定代表人|{a}法人代表", "{a}的法定代表人是谁")),
        _special("head_b", "person", ("{b}_representative", "Legal representative of the {b}"), ("{b}法定代表人|{b}法人代表", "{b}的法定代表人是谁")),
    )
}  # fmt: skip

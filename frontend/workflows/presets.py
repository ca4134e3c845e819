"""The lists of fields that come with the product: five kinds of contract, in two languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from frontend.workflows.fields import Field, FieldList, Kind, Language


@dataclass(frozen=True)
class _Row:
    """One field in both languages; `cues` of both stand together, for texts mix them."""

    name: str
    kind: Kind
    title: str
    title_zh: str
    question: str
    question_zh: str
    cues: str = ""  # separated by |
    choices: tuple[str, ...] = ()
    choices_zh: tuple[str, ...] = ()
    required: bool = False
    many: bool = False

    def field(self, language: Language) -> Field:
        """The field in one of the languages."""
        chinese = language is Language.CHINESE
        return Field(
            name=self.name,
            question=self.question_zh if chinese else self.question,
            kind=self.kind,
            title=self.title_zh if chinese else self.title,
            choices=self.choices_zh if chinese else self.choices,
            required=self.required,
            many=self.many,
            cues=tuple(self.cues.split("|")) if self.cues else (),
        )


# Shared by most contracts

_DATE = _Row(
    "effective_date", Kind.DATE, "Effective date", "生效日期",
    "On which date does the contract take effect?", "合同从哪一天起生效？",
    "effective|dated|as of|made|entered into|生效|签订|签署", required=True,
)  # fmt: skip
_LAW = _Row(
    "jurisdiction", Kind.TEXT, "Governing law", "适用法律",
    "Which state's or country's law governs the contract?", "合同适用哪个国家或地区的法律？",
    "laws of|governed|governing law|construed|适用|法律|管辖", required=True,
)  # fmt: skip
_TERM = _Row(
    "term", Kind.DURATION, "Term", "期限",
    "How long does the contract last?", "合同的有效期是多长？",
    "term|remain in|expire|period of|terminate|期限|有效期|届满",
)  # fmt: skip
_RENEWAL = _Row(
    "automatic_renewal", Kind.YES_NO, "Renews by itself", "自动续期",
    "Does the contract renew by itself at the end of its term?", "合同到期后是否自动续期？",
    "renew|successive|续期|续约|顺延",
)  # fmt: skip
_NOTICE = _Row(
    "termination_notice", Kind.DURATION, "Notice to terminate", "解除通知期",
    "How much notice must be given to end the contract early?", "提前解除合同须提前多久通知？",
    "notice|terminate|written notice|通知|解除|终止",
)  # fmt: skip
_ASSIGNMENT = _Row(
    "assignment", Kind.CHOICE, "Assignment", "转让",
    "May a party assign the contract?", "一方是否可以转让合同？",
    "assign|transfer|转让",
    ("allowed", "only with consent", "forbidden"), ("可以", "须经同意", "不得转让"),
)  # fmt: skip
_DISPUTES = _Row(
    "dispute_forum", Kind.TEXT, "Disputes go to", "争议解决机构",
    "Which court or arbitration body decides disputes?", "争议由哪个法院或仲裁机构解决？",
    "arbitration|courts of|jurisdiction|venue|仲裁|法院|争议",
)  # fmt: skip
_LIABILITY = _Row(
    "liability_cap", Kind.MONEY, "Limit of liability", "责任上限",
    "Up to which amount is a party liable?", "一方的赔偿责任以多少金额为限？",
    "liability|exceed|aggregate|责任|上限|不超过",
)  # fmt: skip


def _parties(question: str, question_zh: str) -> _Row:
    return _Row(
        "party", Kind.PARTIES, "Parties", "合同当事人", question, question_zh,
        "between|among|by and|甲方|乙方|当事人", required=True,
    )  # fmt: skip


def _one(name: str, title: str, title_zh: str, question: str, question_zh: str, cues: str) -> _Row:
    return _Row(
        name, Kind.TEXT, title, title_zh, question, question_zh, cues, required=True
    )  # fmt: skip


_NDA = (
    _DATE,
    _LAW,
    _parties("Which persons or companies are the parties?", "合同各方的名称是什么？"),
    _TERM,
    _Row("confidentiality_period", Kind.DURATION, "Secrecy lasts", "保密期限",
         "For how long must the information be kept secret?", "保密义务持续多长时间？",
         "confidential|survive|disclos|保密"),
    _Row("mutual", Kind.YES_NO, "Mutual", "双向保密",
         "Do the duties of secrecy bind both sides?", "保密义务是否对双方都有约束力？",
         "mutual|each party|either party|双方|互相"),
    _Row("purpose", Kind.TEXT, "Purpose", "披露目的",
         "For which purpose is the information disclosed?", "披露信息的目的是什么？",
         "purpose|in connection with|evaluat|目的|用于"),
    _Row("return_of_information", Kind.DURATION, "Return within", "返还时限",
         "Within what time must information be returned or destroyed?",
         "须在多长时间内返还或销毁资料？", "return|destroy|返还|销毁"),
    _Row("non_solicitation", Kind.DURATION, "No hiring for", "禁止招揽期限",
         "For how long may the other side's employees not be hired?",
         "在多长时间内不得招揽对方员工？", "solicit|hire|employ|招揽|聘用"),
    _DISPUTES,
    _ASSIGNMENT,
)  # fmt: skip

_SERVICES = (
    _DATE,
    _one("client", "Client", "委托方", "Who receives the services?", "委托方（甲方）是谁？",
         "client|customer|甲方|委托"),
    _one("provider", "Provider", "服务方", "Who provides the services?", "服务方（乙方）是谁？",
         "provider|contractor|consultant|supplier|乙方|受托"),
    _Row("services", Kind.TEXT, "Services", "服务内容", "Which services are provided?",
         "提供哪些服务？", "services|scope|statement of work|服务内容|服务范围", required=True),
    _Row("fee", Kind.MONEY, "Fee", "服务费", "What is the fee for the services?",
         "服务费是多少？", "fee|price|compensation|rate|服务费|费用|报酬", required=True),
    _Row("payment_period", Kind.DURATION, "Payable within", "付款期限",
         "Within what time must an invoice be paid?", "收到发票后多长时间内付款？",
         "invoice|pay|due|付款|支付|发票"),
    _TERM,
    _RENEWAL,
    _NOTICE,
    _Row("work_product", Kind.TEXT, "Work belongs to", "成果归属",
         "Who owns the results of the work?", "工作成果归谁所有？",
         "work product|intellectual property|ownership|知识产权|成果|归属"),
    _LIABILITY,
    _LAW,
    _DISPUTES,
    _ASSIGNMENT,
)  # fmt: skip

_LEASE = (
    _one("landlord", "Landlord", "出租方", "Who lets the premises?", "出租方（甲方）是谁？",
         "landlord|lessor|出租|甲方"),
    _one("tenant", "Tenant", "承租方", "Who rents the premises?", "承租方（乙方）是谁？",
         "tenant|lessee|承租|乙方"),
    _Row("premises", Kind.TEXT, "Premises", "租赁物", "Where are the premises?",
         "租赁房屋位于哪里？", "premises|located|address|位于|坐落|房屋", required=True),
    _Row("area", Kind.TEXT, "Area", "面积", "How large are the premises?",
         "租赁面积是多少？", "square|area|面积|平方米"),
    _Row("start_date", Kind.DATE, "Begins", "起租日", "On which date does the lease begin?",
         "租期从哪一天开始？", "commence|begin|start|起租|自|开始", required=True),
    _Row("end_date", Kind.DATE, "Ends", "到期日", "On which date does the lease end?",
         "租期到哪一天结束？", "expire|end|terminat|至|届满|到期"),
    _TERM,
    _Row("rent", Kind.MONEY, "Rent", "租金", "How much is the rent for one payment period?",
         "每期租金是多少？", "rent|monthly|per month|租金|每月", required=True),
    _Row("payment_period", Kind.CHOICE, "Rent is paid", "租金支付周期",
         "How often is the rent paid?", "租金多久支付一次？", "month|quarter|year|每月|每季|每年",
         ("monthly", "quarterly", "yearly", "other"), ("每月", "每季度", "每年", "其他")),
    _Row("deposit", Kind.MONEY, "Deposit", "押金", "How much is the deposit?",
         "押金是多少？", "deposit|security|押金|保证金"),
    _RENEWAL,
    _NOTICE,
    _Row("subletting", Kind.CHOICE, "Subletting", "转租", "May the tenant sublet?",
         "承租方是否可以转租？", "sublet|sublease|转租",
         ("allowed", "only with consent", "forbidden"), ("可以", "须经同意", "不得转租")),
    _LAW,
)  # fmt: skip

_PURCHASE = (
    _DATE,
    _one("buyer", "Buyer", "买方", "Who buys?", "买方是谁？", "buyer|purchaser|买方|需方|甲方"),
    _one("seller", "Seller", "卖方", "Who sells?", "卖方是谁？",
         "seller|vendor|supplier|卖方|供方|乙方"),
    _Row("goods", Kind.TEXT, "Goods", "标的物", "What is sold?", "买卖的货物是什么？",
         "goods|products|equipment|货物|产品|标的", required=True),
    _Row("quantity", Kind.TEXT, "Quantity", "数量", "How much of it is sold?",
         "数量是多少？", "quantity|units|数量"),
    _Row("price", Kind.MONEY, "Price", "总价", "What is the total price?",
         "合同总价是多少？", "price|total|amount|总价|价款|金额", required=True),
    _Row("payment_period", Kind.DURATION, "Payable within", "付款期限",
         "Within what time must the price be paid?", "须在多长时间内付款？",
         "pay|invoice|due|付款|支付"),
    _Row("delivery_date", Kind.DATE, "Delivery by", "交货日期",
         "By which date must the goods be delivered?", "最迟哪一天交货？",
         "deliver|ship|交货|交付"),
    _Row("delivery_place", Kind.TEXT, "Delivery to", "交货地点",
         "Where are the goods delivered?", "交货地点在哪里？", "deliver|place|交货|地点"),
    _Row("warranty_period", Kind.DURATION, "Warranty", "质保期",
         "How long is the warranty?", "质量保证期是多长？", "warrant|guarantee|质保|保修|质量保证"),
    _Row("late_delivery_penalty", Kind.TEXT, "Penalty for delay", "逾期违约金",
         "What must be paid for late delivery?", "逾期交货须支付多少违约金？",
         "penalt|liquidated|delay|late|违约金|逾期"),
    _LAW,
    _DISPUTES,
)  # fmt: skip

_EMPLOYMENT = (
    _one("employer", "Employer", "用人单位", "Who employs?", "用人单位（甲方）是谁？",
         "employer|company|用人单位|甲方"),
    _one("employee", "Employee", "劳动者", "Who is employed?", "劳动者（乙方）是谁？",
         "employee|executive|劳动者|乙方"),
    _Row("position", Kind.TEXT, "Position", "岗位", "As what is the employee hired?",
         "劳动者担任什么岗位？", "position|title|serve as|岗位|职务|职位", required=True),
    _Row("start_date", Kind.DATE, "Begins", "入职日期", "On which date does the employment begin?",
         "劳动关系从哪一天开始？", "commence|start|begin|入职|起", required=True),
    _TERM,
    _Row("probation", Kind.DURATION, "Probation", "试用期", "How long is the probation?",
         "试用期是多长？", "probation|trial|试用期"),
    _Row("salary", Kind.MONEY, "Salary", "工资", "How much is the salary for one pay period?",
         "每个支付周期的工资是多少？", "salary|base|compensation|wage|工资|报酬", required=True),
    _Row("pay_period", Kind.CHOICE, "Salary is per", "工资周期",
         "For which period is the salary?", "工资按什么周期计算？", "per|annual|month|每月|每年",
         ("hour", "week", "month", "year"), ("小时", "周", "月", "年")),
    _Row("workplace", Kind.TEXT, "Place of work", "工作地点", "Where is the work done?",
         "工作地点在哪里？", "located|office|place|工作地点"),
    _Row("working_time", Kind.TEXT, "Working time", "工作时间", "How many hours are worked?",
         "工作时间是多少？", "hours|week|工作时间|小时"),
    _Row("leave", Kind.DURATION, "Leave a year", "年假", "How much paid leave is there a year?",
         "每年带薪年假是多少天？", "vacation|leave|paid time|年假|休假"),
    _NOTICE,
    _Row("non_competition", Kind.DURATION, "No competition for", "竞业限制期限",
         "For how long after the end may the employee not compete?",
         "离职后竞业限制期限是多长？", "compet|竞业"),
    _LAW,
)  # fmt: skip

_PRESETS: Final = {
    "nda": ("Non-disclosure agreement", "保密协议", _NDA),
    "services": ("Services agreement", "服务合同", _SERVICES),
    "lease": ("Lease", "租赁合同", _LEASE),
    "purchase": ("Purchase agreement", "买卖合同", _PURCHASE),
    "employment": ("Employment agreement", "劳动合同", _EMPLOYMENT),
}
NAMES: Final = tuple(_PRESETS)


def preset(name: str, language: Language = Language.ENGLISH) -> FieldList | None:
    """The list of that name; None if there is none."""
    if name not in _PRESETS:
        return None
    title, title_zh, rows = _PRESETS[name]
    return FieldList(
        name=name,
        title=title_zh if language is Language.CHINESE else title,
        language=language,
        fields=tuple(row.field(language) for row in rows),
    )

"""What contracts say: one entry per thing, with its names, questions, clauses and summaries.

In the clauses `{v}` is the value as written, `{a}` and `{b}` are the parties' roles.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Wording:
    """How one language speaks of a fact; alternatives are separated by `|`."""

    names: str  # of the field in a request
    ask: str  # the field's description
    heading: str
    says: str  # clauses
    brief: str  # one sentence of a summary; `{v}` is the normal form there
    denies: str = ""  # clauses by which a yes/no fact is untrue
    briefly_not: str = ""
    choices: str = ""  # what can be chosen, aligned in both languages; clauses name it as {v}


@dataclass(frozen=True)
class Fact:
    """Something that a contract may say."""

    key: str
    kind: str  # date money duration percent number flag choice law place person company text
    en: Wording
    zh: Wording
    unit: str = ""  # of a duration
    low: float = 1
    high: float = 10
    kinds: tuple[str, ...] = field(default=())  # of contracts; empty: any

    def wording(self, language: str) -> Wording:
        """Its wording in `en` or `zh`."""
        return self.zh if language == "zh" else self.en

    def asked(self, *, zh: bool) -> Wording:
        """Its wording in the language that is asked in, if it has one there, else in the other."""
        wanted, other = (self.zh, self.en) if zh else (self.en, self.zh)
        return wanted if wanted.names else other


def _fact(
    key: str,
    kind: str,
    en: tuple[str, ...],
    zh: tuple[str, ...],
    /,
    kinds: str = "",
    **more: object,
) -> Fact:
    return Fact(key, kind, Wording(*en), Wording(*zh), kinds=tuple(kinds.split()), **more)  # type: ignore[arg-type]


FACTS: tuple[Fact, ...] = (
    _fact(
        "term",
        "duration",
        (
            "term|duration|contract_term|length_of_agreement|term_length",
            "How long the agreement lasts|The duration of the contract|For how long is it valid?|Term of the agreement",
            "Term|Duration|Term of Agreement",
            "This Agreement shall remain in effect for a period of {v} from the Effective Date.|The term of this Agreement is {v}, unless terminated earlier in accordance with its terms.|This Agreement shall continue in force for {v} following its execution.|The initial term shall be {v}, beginning on the commencement date.",
            "The agreement lasts {v}.",
        ),
        (
            "合同期限|期限|有效期|合作期限|term",
            "合同有效多久|本合同的期限是多长|合同期限|协议有效期限",
            "合同期限|期限|有效期",
            "本合同有效期为{v}，自生效之日起计算。|合同期限为{v}。|本协议自签订之日起生效，有效期{v}。|双方合作期限为{v}，期满后可协商续签。",
            "合同期限为{v}。",
        ),
        unit="year month",
        low=1,
        high=20,
    ),
    _fact(
        "termination_notice",
        "duration",
        (
            "termination_notice|notice_period|notice_to_terminate|termination_notice_period",
            "How much notice must be given to terminate|Notice period for termination|How many days' notice ends the contract?",
            "Termination|Termination for Convenience|Early Termination",
            "Either party may terminate this Agreement at any time upon {v} prior written notice to the other party.|{a} may end this Agreement for convenience by giving not less than {v} written notice.|This Agreement may be terminated by either party, with or without cause, on {v} notice.",
            "Either party can end it with {v} notice.",
        ),
        (
            "解除通知期|提前通知期限|终止通知期|notice_period",
            "解除合同需提前多久通知|终止合同的通知期|提前多少天通知可以解除",
            "合同的解除|合同终止|提前解除",
            "任何一方提前解除本合同，应提前{v}书面通知对方。|一方欲终止本协议的，须至少提前{v}以书面形式通知另一方。|经提前{v}书面通知，任一方均可解除本合同。",
            "任何一方提前{v}书面通知即可解除合同。",
        ),
        unit="day month",
        low=5,
        high=180,
    ),
    _fact(
        "confidentiality_period",
        "duration",
        (
            "confidentiality_period|confidentiality_term|survival|survival_period|nda_survival",
            "How long confidentiality obligations last after the end|For how long must information stay secret after termination?",
            "Survival|Confidentiality|Confidential Information",
            "The obligations of confidentiality shall survive termination of this Agreement for a period of {v}.|Each party shall keep the Confidential Information secret for {v} after the expiration of this Agreement.|The recipient's duties under this Section continue for {v} following disclosure.",
            "Confidentiality continues for {v} after the end.",
        ),
        (
            "保密期限|保密义务期限|保密期|confidentiality_period",
            "合同终止后保密义务持续多久|保密义务的期限",
            "保密|保密条款|保密义务",
            "保密义务在本合同终止后{v}内继续有效。|双方应对所知悉的商业秘密保密，保密期限为合同终止后{v}。|接收方的保密义务自披露之日起持续{v}。",
            "保密义务持续{v}。",
        ),
        unit="year",
        low=1,
        high=10,
    ),
    _fact(
        "non_compete_period",
        "duration",
        (
            "non_compete|non_compete_period|restriction_period|noncompete_term",
            "How long the non-compete or non-solicitation restriction lasts|Duration of the non-compete clause",
            "Non-Competition|Non-Solicitation|Restrictive Covenants",
            "For a period of {v} after the termination of employment, {b} shall not engage in any competing business.|During the {v} following termination, {b} agrees not to solicit any customer or employee of {a}.|{b} shall not compete with {a} for {v} after leaving.",
            "{b} may not compete for {v} after leaving.",
        ),
        (
            "竞业限制期限|竞业限制|竞业期限|non_compete_period",
            "竞业限制期限多长|离职后多久不得从事竞争业务",
            "竞业限制|不竞争",
            "{b}离职后{v}内不得从事与{a}相竞争的业务。|竞业限制期限为劳动合同解除或终止后{v}。",
            "竞业限制期为{v}。",
        ),
        unit="month year",
        low=3,
        high=24,
        kinds="employment nda",
    ),
    _fact(
        "payment_period",
        "duration",
        (
            "payment_terms|payment_period|payment_due|invoice_due|days_to_pay",
            "Within how many days invoices must be paid|Payment period after the invoice|When is payment due?",
            "Payment|Invoicing and Payment|Payment Terms",
            "{a} shall pay each undisputed invoice within {v} of receipt.|Invoices are payable {v} after the invoice date.|Payment is due no later than {v} following the date of the invoice.",
            "Invoices are payable within {v}.",
        ),
        (
            "付款期限|付款时间|账期|payment_period",
            "收到发票后多久付款|付款期限是多少天",
            "付款方式|付款|结算",
            "{a}应在收到发票后{v}内付款。|{a}应于验收合格之日起{v}内支付全部款项。|付款期限为开具发票后{v}。",
            "付款期限为{v}。",
        ),
        unit="day",
        low=5,
        high=120,
        kinds="services purchase distribution construction licence consulting transport",
    ),
    _fact(
        "warranty_period",
        "duration",
        (
            "warranty|warranty_period|guarantee_period|defects_liability_period",
            "How long the warranty lasts|Length of the guarantee",
            "Warranty|Product Warranty|Guarantee",
            "{b} warrants that the goods will be free from defects in material and workmanship for {v} from delivery.|The warranty period is {v} from the date of acceptance.|{b} guarantees its work for a period of {v}.",
            "The warranty lasts {v}.",
        ),
        (
            "质保期|保修期|质量保证期|warranty_period",
            "质保期多长|保修期限是多久",
            "质量保证|质保|售后服务",
            "产品质保期为{v}，自验收合格之日起计算。|{b}提供{v}的免费保修服务。|工程保修期为{v}。",
            "质保期为{v}。",
        ),
        unit="month year",
        low=1,
        high=36,
        kinds="purchase construction distribution equipment",
    ),
    _fact(
        "probation",
        "duration",
        (
            "probation|probation_period|trial_period",
            "Length of the probation period|How long is the trial period?",
            "Probation|Probationary Period",
            "The first {v} of employment shall be a probationary period.|{b} shall serve a probation of {v}.",
            "Probation lasts {v}.",
        ),
        (
            "试用期|试用期限|probation_period",
            "试用期多长|试用期是几个月",
            "试用期",
            "试用期为{v}。|{b}的试用期为{v}，自入职之日起算。",
            "试用期为{v}。",
        ),
        unit="month",
        low=1,
        high=6,
        kinds="employment",
    ),
    _fact(
        "vacation",
        "number",
        (
            "vacation_days|annual_leave|paid_leave|holiday_entitlement",
            "Paid days of leave per year|How many vacation days a year?",
            "Vacation|Annual Leave|Paid Time Off",
            "{b} is entitled to {v} days of paid vacation per calendar year.|Annual leave amounts to {v} working days.|{b} shall receive {v} paid days off in each year of service.",
            "{b} has {v} days of paid leave a year.",
        ),
        (
            "年假天数|带薪年假|年休假|vacation_days",
            "每年有多少天带薪年假|年假天数",
            "休假|年休假",
            "{b}每年享有{v}天带薪年休假。|{b}在每个工作年度内可享受带薪年假{v}天。",
            "每年带薪年假{v}天。",
        ),
        low=5,
        high=35,
        kinds="employment",
    ),
    _fact(
        "working_hours",
        "number",
        (
            "weekly_hours|working_hours|hours_per_week",
            "Working hours per week|How many hours a week are worked?",
            "Hours of Work|Working Time",
            "The normal working time is {v} hours per week.|{b} shall work {v} hours each week.",
            "Working time is {v} hours a week.",
        ),
        (
            "每周工时|工作时间|weekly_hours",
            "每周工作多少小时|周工作时间",
            "工作时间",
            "{b}每周工作{v}小时。|实行标准工时制，每周工作时间不超过{v}小时。",
            "每周工作{v}小时。",
        ),
        low=16,
        high=44,
        kinds="employment",
    ),
    _fact(
        "salary",
        "money",
        (
            "salary|base_salary|annual_salary|compensation|remuneration",
            "Base salary|How much the employee is paid|Annual gross salary",
            "Compensation|Salary|Remuneration",
            "{a} shall pay {b} a base salary of {v} per year.|{b} will receive gross remuneration of {v} annually, payable in equal instalments.|The annual salary is {v}.",
            "The salary is {v} a year.",
        ),
        (
            "工资|月工资|基本工资|薪酬|salary",
            "每月工资多少|月薪|基本工资是多少",
            "劳动报酬|工资|薪酬待遇",
            "{b}的月工资为{v}（税前）。|{a}每月支付{b}基本工资{v}。|{b}月薪为{v}，于每月十日前发放。",
            "月工资为{v}。",
        ),
        low=4000,
        high=240000,
        kinds="employment",
    ),
    _fact(
        "signing_bonus",
        "money",
        (
            "signing_bonus|bonus|sign_on_bonus",
            "One-time bonus on joining|Amount of the signing bonus",
            "Bonus|Signing Bonus",
            "{b} shall receive a one-time signing bonus of {v} within thirty days of the start date.|A bonus of {v} will be paid upon commencement.",
            "A signing bonus of {v} is paid.",
        ),
        (
            "签约奖金|奖金|signing_bonus",
            "签约奖金多少",
            "奖金",
            "{a}在{b}入职后一次性支付签约奖金{v}。|签约奖金为{v}。",
            "签约奖金为{v}。",
        ),
        low=1000,
        high=80000,
        kinds="employment",
    ),
    _fact(
        "position",
        "text",
        (
            "position|job_title|role|title",
            "Job title of the employee|In which position is the person employed?",
            "Position and Duties|Duties|Employment",
            "{a} hereby employs {b} as {v}.|{b} shall serve in the position of {v}.|{b}'s title shall be {v}.",
            "{b} works as {v}.",
            "",
            "",
            "Senior Accountant|Head of Marketing|Software Engineer|Warehouse Supervisor|Regional Sales Manager|Vice President of Operations|Laboratory Technician|Chief Financial Officer|Project Coordinator|Mechanical Designer|Nurse Practitioner|Data Analyst",
        ),
        (
            "职位|岗位|职务|position",
            "担任什么职务|岗位名称",
            "工作内容|岗位职责",
            "{a}聘用{b}担任{v}。|{b}的工作岗位为{v}。|{b}在{a}处从事{v}岗位工作。",
            "{b}的岗位是{v}。",
            "",
            "",
            "高级会计|市场总监|软件工程师|仓库主管|区域销售经理|运营副总裁|化验员|财务总监|项目协调员|机械设计师|护士|数据分析师",
        ),
        kinds="employment",
    ),
    _fact(
        "price",
        "money",
        (
            "price|total_price|contract_value|purchase_price|total_amount|contract_amount",
            "Total price|The total value of the contract|How much is to be paid in all?|Purchase price",
            "Price|Contract Price|Consideration|Purchase Price",
            "The total price for the goods and services is {v}.|{a} shall pay {b} a total of {v}.|The aggregate purchase price shall be {v}.|In consideration of the foregoing, the contract price amounts to {v}, exclusive of tax.",
            "The total price is {v}.",
        ),
        (
            "合同金额|总价|合同总价|价款|total_price",
            "合同总金额是多少|合同价款|总价多少钱",
            "合同价款|合同金额|价格",
            "合同总金额为{v}。|本合同总价款为{v}（含税）。|{a}应向{b}支付合同价款共计{v}。",
            "合同总金额为{v}。",
        ),
        low=2000,
        high=5_000_000,
        kinds="purchase services construction equipment consulting transport",
    ),
    _fact(
        "monthly_fee",
        "money",
        (
            "monthly_fee|service_fee|retainer|fee",
            "Monthly fee|How much is paid per month?|Fee for the services each month",
            "Fees|Service Fees|Retainer",
            "{a} shall pay a monthly fee of {v} for the Services.|The fee is {v} per month, payable in advance.|A retainer of {v} is due on the first day of every month.",
            "The monthly fee is {v}.",
        ),
        (
            "服务费|月服务费|每月费用|monthly_fee",
            "每月服务费多少|服务费用",
            "服务费用|费用",
            "{a}每月向{b}支付服务费{v}。|服务费为每月{v}。",
            "每月服务费为{v}。",
        ),
        low=300,
        high=90000,
        kinds="services consulting licence",
    ),
    _fact(
        "hourly_rate",
        "money",
        (
            "hourly_rate|rate|consulting_rate",
            "Hourly rate|What is charged per hour?",
            "Rates|Consulting Fees",
            "{b} shall be compensated at a rate of {v} per hour.|Additional work is billed at {v} an hour.",
            "Work is billed at {v} an hour.",
        ),
        (
            "小时费率|每小时费用|hourly_rate",
            "每小时收费多少",
            "费率",
            "{b}按每小时{v}收取咨询费。|超出部分按{v}每小时计费。",
            "费率为每小时{v}。",
        ),
        low=30,
        high=900,
        kinds="consulting services",
    ),
    _fact(
        "rent",
        "money",
        (
            "rent|monthly_rent|rental_fee|base_rent",
            "Monthly rent|How much is the rent per month?|Rent payable",
            "Rent|Base Rent|Monthly Rent",
            "{a} shall pay monthly rent of {v}, in advance, on the first day of each month.|The rent for the Premises is {v} per month.|Base rent amounts to {v} a month.",
            "The rent is {v} a month.",
        ),
        (
            "租金|月租金|每月租金|rent",
            "每月租金多少|租金标准",
            "租金|租金及支付",
            "该房屋每月租金为{v}。|月租金为{v}，{a}应于每月五日前支付。|租金标准为每月{v}。",
            "月租金为{v}。",
        ),
        low=500,
        high=60000,
        kinds="lease",
    ),
    _fact(
        "deposit",
        "money",
        (
            "deposit|security_deposit|down_payment|guarantee_deposit",
            "Security deposit|How large is the deposit?|Amount held as deposit",
            "Deposit|Security Deposit",
            "Upon signing, {a} shall deposit {v} as security for the performance of its obligations.|A security deposit of {v} is payable on execution and will be returned without interest.|{a} has paid a deposit of {v}.",
            "The deposit is {v}.",
        ),
        (
            "押金|保证金|定金|deposit",
            "押金多少|保证金金额|定金是多少",
            "押金|保证金|定金",
            "{a}应于签约时支付押金{v}。|{a}向{b}交纳保证金{v}，合同终止后无息退还。|本合同定金为{v}。",
            "押金为{v}。",
        ),
        low=500,
        high=300000,
        kinds="lease purchase equipment distribution",
    ),
    _fact(
        "loan_amount",
        "money",
        (
            "loan_amount|principal|principal_amount|credit_amount",
            "Principal of the loan|How much is lent?|Amount of the loan",
            "The Loan|Principal|Loan",
            "{b} agrees to lend to {a} the principal sum of {v}.|The amount of the loan is {v}, to be disbursed in one tranche.|{b} shall make available a loan of {v}.",
            "{b} lends {v}.",
        ),
        (
            "借款金额|贷款金额|本金|loan_amount",
            "借款金额多少|本金是多少",
            "借款金额|借款",
            "{b}向{a}提供借款{v}。|借款金额为{v}，一次性发放。|{a}向{b}借款本金{v}。",
            "借款金额为{v}。",
        ),
        low=5000,
        high=8_000_000,
        kinds="loan",
    ),
    _fact(
        "interest_rate",
        "percent",
        (
            "interest_rate|annual_interest|interest",
            "Annual interest rate of the loan|What interest is charged per year?",
            "Interest|Interest Rate",
            "The loan bears interest at a rate of {v} per annum.|Interest accrues on the outstanding principal at {v} per year.|{a} shall pay interest of {v} annually.",
            "Interest is {v} a year.",
        ),
        (
            "年利率|利率|借款利率|interest_rate",
            "年利率是多少|借款利率",
            "利率|利息",
            "借款年利率为{v}。|本借款按年利率{v}计息。|利息按每年{v}计算。",
            "年利率为{v}。",
        ),
        low=1,
        high=18,
        kinds="loan",
    ),
    _fact(
        "late_interest",
        "percent",
        (
            "late_fee|late_payment_interest|default_interest|penalty_rate",
            "Interest or charge on late payments|What rate applies to overdue amounts?",
            "Late Payment|Default Interest|Late Charges",
            "Overdue amounts bear interest at {v} per month.|Any sum not paid when due shall be subject to a late charge of {v}.|In case of late payment a penalty of {v} of the overdue amount applies.",
            "Late payments cost {v}.",
        ),
        (
            "逾期利率|逾期违约金比例|滞纳金|late_fee",
            "逾期付款的违约金比例|滞纳金比例是多少",
            "逾期付款|违约责任",
            "{a}逾期付款的，每逾期一日应按未付金额的{v}支付违约金。|逾期付款的滞纳金为每日{v}。|逾期部分按{v}计收罚息。",
            "逾期付款按{v}计收违约金。",
        ),
        low=0.05,
        high=5,
        kinds="loan lease services purchase construction",
    ),
    _fact(
        "royalty",
        "percent",
        (
            "royalty|royalty_rate|licence_fee_rate",
            "Royalty as a share of sales|Which royalty is paid?",
            "Royalties|Royalty",
            "{a} shall pay {b} a royalty of {v} of Net Sales.|Royalties are calculated at {v} of the net revenue.|In return for the licence, a royalty equal to {v} of gross receipts is due quarterly.",
            "The royalty is {v}.",
        ),
        (
            "提成比例|许可费率|特许权使用费|royalty",
            "许可使用费提成比例|提成比例是多少",
            "许可费|提成",
            "{a}按净销售额的{v}向{b}支付许可使用费。|许可费提成比例为{v}。",
            "许可费为销售额的{v}。",
        ),
        low=1,
        high=25,
        kinds="licence franchise",
    ),
    _fact(
        "commission",
        "percent",
        (
            "commission|commission_rate|agent_commission",
            "Commission rate|What share does the agent receive?",
            "Commission",
            "{b} shall receive a commission of {v} on all sales made in the Territory.|The agent's commission is {v} of the invoice value.",
            "The commission is {v}.",
        ),
        (
            "佣金比例|代理佣金|commission",
            "佣金比例是多少|代理费比例",
            "佣金",
            "{b}可获得销售额{v}的佣金。|代理佣金为成交金额的{v}。",
            "佣金为{v}。",
        ),
        low=1,
        high=30,
        kinds="distribution agency",
    ),
    _fact(
        "discount",
        "percent",
        (
            "discount|dealer_discount|discount_rate",
            "Discount on list prices|Which discount does the buyer get?",
            "Prices and Discounts|Discount",
            "{a} is granted a discount of {v} off the list prices.|Products are sold at list price less {v}.",
            "The discount is {v}.",
        ),
        (
            "折扣|折扣率|优惠比例|discount",
            "享受多少折扣优惠|优惠比例",
            "价格与折扣",
            "{a}享受目录价{v}的价格优惠。|采购价格在标准价基础上下浮{v}。",
            "价格优惠{v}。",
        ),
        low=2,
        high=45,
        kinds="distribution purchase",
    ),
    _fact(
        "retention",
        "percent",
        (
            "retention|retention_rate|holdback",
            "Share of the price kept back as retention|How much is retained?",
            "Retention",
            "{a} may retain {v} of each payment until final acceptance.|A retention of {v} of the contract price is released after the warranty period.",
            "{v} of the price is retained.",
        ),
        (
            "质保金比例|质量保证金|retention",
            "质保金比例是多少|预留多少质量保证金",
            "质量保证金",
            "{a}预留合同价款的{v}作为质量保证金。|质保金为结算总价的{v}。",
            "质保金比例为{v}。",
        ),
        low=2,
        high=10,
        kinds="construction equipment",
    ),
    _fact(
        "advance_payment",
        "percent",
        (
            "advance_payment|prepayment|upfront_payment",
            "Share of the price paid in advance|What percentage is paid up front?",
            "Advance Payment|Terms of Payment",
            "{a} shall make an advance payment of {v} of the price upon signature.|{v} of the contract price is payable in advance.",
            "{v} is paid in advance.",
        ),
        (
            "预付款比例|预付比例|首付款|advance_payment",
            "预付款比例是多少|签约时预付多少",
            "预付款|付款方式",
            "合同签订后{a}支付合同总价的{v}作为预付款。|预付款为合同金额的{v}。",
            "预付款为{v}。",
        ),
        low=5,
        high=60,
        kinds="purchase construction equipment services",
    ),
    _fact(
        "liability_cap",
        "money",
        (
            "liability_cap|limitation_of_liability|max_liability",
            "Maximum liability|Up to what amount is a party liable?",
            "Limitation of Liability|Liability",
            "In no event shall the aggregate liability of {b} exceed {v}.|Liability under this Agreement is limited to {v} in total.|Each party's total liability shall be capped at {v}.",
            "Liability is capped at {v}.",
        ),
        (
            "责任上限|赔偿上限|最高赔偿额|liability_cap",
            "赔偿责任上限是多少|最高赔偿金额",
            "责任限制|赔偿责任",
            "{b}的赔偿责任累计不超过{v}。|任何一方的赔偿总额以{v}为限。",
            "赔偿责任上限为{v}。",
        ),
        low=10000,
        high=9_000_000,
        kinds="services licence consulting distribution transport",
    ),
    _fact(
        "insurance",
        "money",
        (
            "insurance|insurance_coverage|minimum_insurance",
            "Minimum insurance cover|How much insurance must be carried?",
            "Insurance",
            "{b} shall maintain liability insurance of not less than {v} per occurrence.|Throughout the term insurance with coverage of at least {v} must be kept in force.",
            "Insurance of at least {v} is required.",
        ),
        (
            "保险金额|最低保额|insurance",
            "保险金额不低于多少|最低保额",
            "保险",
            "{b}应投保责任险，保额不低于{v}。|合同期内应维持保险金额不少于{v}的保险。",
            "保险金额不低于{v}。",
        ),
        low=100000,
        high=10_000_000,
        kinds="services lease construction transport equipment",
    ),
    _fact(
        "penalty",
        "money",
        (
            "penalty|liquidated_damages|contract_penalty",
            "Contract penalty|Which sum is due for a breach?",
            "Liquidated Damages|Penalty|Remedies",
            "The party in breach shall pay liquidated damages of {v}.|For each violation {b} owes a contractual penalty of {v}.",
            "A breach costs {v}.",
        ),
        (
            "违约金|违约金数额|penalty",
            "违约金是多少|违约需支付多少",
            "违约责任|违约金",
            "违约方应向守约方支付违约金{v}。|任何一方违约的，应支付违约金{v}。",
            "违约金为{v}。",
        ),
        low=500,
        high=800000,
    ),
    _fact(
        "minimum_purchase",
        "money",
        (
            "minimum_purchase|minimum_order|annual_minimum",
            "Minimum purchases per year|How much must be bought each year?",
            "Minimum Purchase|Minimum Commitment",
            "{a} undertakes to purchase Products worth at least {v} in each contract year.|The annual minimum purchase is {v}.",
            "At least {v} must be bought each year.",
        ),
        (
            "最低采购额|年度最低采购量|minimum_purchase",
            "每年最低采购额|年度最低采购金额",
            "最低采购",
            "{a}每年度采购金额不得低于{v}。|年度最低采购额为{v}。",
            "年度最低采购额为{v}。",
        ),
        low=10000,
        high=3_000_000,
        kinds="distribution franchise",
    ),
    _fact(
        "end_date",
        "date",
        (
            "end_date|expiry_date|expiration_date|valid_until",
            "When the agreement ends|Date of expiry|Until when does it run?",
            "Expiration|Term",
            "This Agreement expires on {v} without further notice.|It shall end on {v}.|The agreement shall terminate automatically on {v}.",
            "It ends on {v}.",
        ),
        (
            "终止日期|到期日|截止日期|end_date",
            "合同何时到期|合同终止日期",
            "合同期限|期限届满",
            "本合同至{v}终止。|合同到期日为{v}。|合同期限届满日为{v}，期满自动失效。",
            "合同于{v}到期。",
        ),
    ),
    _fact(
        "start_date",
        "date",
        (
            "start_date|commencement_date|begin_date|date_of_commencement",
            "When performance begins|Start date|First day of the term",
            "Commencement",
            "The Services shall commence on {v}.|The term begins on {v}.|{b} shall start on {v}.",
            "It starts on {v}.",
        ),
        (
            "开始日期|起始日期|起租日|start_date",
            "从何时开始|起始日期是哪天",
            "起始日期|开始时间",
            "服务自{v}开始。|起始日期为{v}。|{b}应于{v}开始履行。",
            "自{v}开始。",
        ),
    ),
    _fact(
        "delivery_date",
        "date",
        (
            "delivery_date|completion_date|due_date|deadline",
            "By when delivery or completion is due|Delivery date|What is the deadline?",
            "Delivery|Completion|Schedule",
            "{b} shall deliver the goods no later than {v}.|Delivery shall take place on {v}.|The work must be completed by {v}.",
            "Delivery is due by {v}.",
        ),
        (
            "交货日期|交付日期|竣工日期|delivery_date",
            "何时交货|交付日期|完工期限",
            "交货|交付时间|工期",
            "{b}应于{v}前交货。|交付日期为{v}。|工程应于{v}前竣工。",
            "应于{v}前交付。",
        ),
        kinds="purchase construction equipment services transport",
    ),
    _fact(
        "repayment_date",
        "date",
        (
            "repayment_date|maturity_date|maturity",
            "When the loan must be repaid|Maturity date",
            "Repayment|Maturity",
            "{a} shall repay the loan in full on or before {v}.|The maturity date is {v}.",
            "The loan is due on {v}.",
        ),
        (
            "还款日期|还款日|到期还款日|repayment_date",
            "何时还款|还款日期",
            "还款|还款期限",
            "{a}应于{v}前一次性归还全部借款。|还款日为{v}。",
            "应于{v}前还款。",
        ),
        kinds="loan",
    ),
    _fact(
        "amended_date",
        "date",
        (
            "prior_agreement_date|original_agreement_date",
            "Date of the earlier agreement that this one refers to|When was the previous agreement signed?",
            "Entire Agreement|Prior Agreement",
            "This Agreement supersedes the letter of intent dated {v}.|The parties entered into an earlier agreement on {v}, which is hereby replaced.",
            "It replaces an agreement of {v}.",
        ),
        (
            "原协议日期|原合同签订日期|prior_agreement_date",
            "原协议是哪天签订的",
            "完整协议",
            "本合同取代双方于{v}签订的意向书。|双方曾于{v}签署框架协议，现由本合同替代。",
            "取代{v}签订的协议。",
        ),
    ),
    _fact(
        "jurisdiction",
        "law",
        (
            "jurisdiction|governing_law|applicable_law|law|choice_of_law",
            "Which state's or country's law governs|Governing law|State or country whose laws apply|Under which law?",
            "Governing Law|Applicable Law|Choice of Law",
            "This Agreement shall be governed by and construed in accordance with the laws of {v}, without regard to its conflict of laws principles.|The laws of {v} govern this Agreement.|This Agreement is made under and shall be interpreted according to the law of {v}.",
            "The law of {v} applies.",
        ),
        (
            "适用法律|管辖法律|准据法|governing_law",
            "适用哪里的法律|合同适用什么法律",
            "法律适用|适用法律",
            "本合同的订立、效力、解释和履行均适用{v}法律。|本协议受{v}法律管辖并据其解释。|本合同适用{v}的法律法规。",
            "适用{v}法律。",
        ),
    ),
    _fact(
        "court",
        "court",
        (
            "court|venue|dispute_court|forum",
            "Which courts decide disputes|Court or place for disputes|Where are disputes heard?",
            "Disputes|Venue|Dispute Resolution",
            "Any dispute shall be brought exclusively before the courts of {v}.|The parties submit to the exclusive jurisdiction of the courts located in {v}.|Venue for any action lies in {v}.",
            "Disputes go to the courts of {v}.",
        ),
        (
            "管辖法院|争议管辖法院|court",
            "争议由哪个法院管辖|管辖法院",
            "争议解决|争议的解决",
            "因本合同发生的争议，协商不成的，由{v}管辖。|双方同意向{v}提起诉讼。|争议提交{v}诉讼解决。",
            "争议由{v}管辖。",
        ),
    ),
    _fact(
        "arbitration",
        "flag",
        (
            "arbitration|has_arbitration|arbitration_clause",
            "Whether disputes go to arbitration|Is there an arbitration clause?",
            "Arbitration|Dispute Resolution",
            "All disputes shall be finally settled by binding arbitration before a single arbitrator.|Any controversy shall be submitted to arbitration, whose award is final.",
            "Disputes go to arbitration.",
            "Disputes shall be decided by the ordinary courts; arbitration is excluded.|The parties do not agree to arbitrate any dispute.",
            "Arbitration is excluded.",
        ),
        (
            "是否仲裁|仲裁条款|has_arbitration",
            "争议是否提交仲裁|有无仲裁条款",
            "争议解决|仲裁",
            "因本合同引起的争议，提交仲裁委员会仲裁，裁决是终局的。|双方同意将争议交由仲裁解决。",
            "争议提交仲裁。",
            "双方不采用仲裁方式，争议由人民法院诉讼解决。|本合同争议不适用仲裁。",
            "不采用仲裁。",
        ),
    ),
    _fact(
        "auto_renewal",
        "flag",
        (
            "auto_renewal|automatic_renewal|renews_automatically|is_renewed",
            "Whether the contract renews automatically|Does it renew by itself?",
            "Renewal|Renewal Term",
            "This Agreement renews automatically for successive one-year periods unless either party objects.|Upon expiry it shall be extended automatically for further terms.",
            "It renews automatically.",
            "This Agreement shall not renew automatically; any extension requires a written agreement.|There is no automatic renewal.",
            "It does not renew by itself.",
        ),
        (
            "自动续约|是否自动续期|auto_renewal",
            "合同是否自动续期|期满是否自动续约",
            "续期|续约",
            "合同期满，双方无异议的，本合同自动续期一年。|期限届满前未提出终止的，本协议自动延续。",
            "合同自动续期。",
            "合同期满自动终止，不自动续期。|本合同不设自动续约，续签须另行书面约定。",
            "合同不自动续期。",
        ),
    ),
    _fact(
        "assignment_allowed",
        "flag",
        (
            "assignment|assignment_allowed|may_be_assigned|assignable",
            "Whether the contract may be assigned without consent|Can rights be assigned to others?",
            "Assignment",
            "Either party may freely assign this Agreement to an affiliate or successor without consent.|{b} may assign its rights hereunder at any time.",
            "It may be assigned freely.",
            "Neither party may assign this Agreement without the prior written consent of the other.|No right under this Agreement may be transferred.",
            "It may not be assigned without consent.",
        ),
        (
            "可否转让|是否允许转让|assignment_allowed",
            "合同权利能否不经同意转让|是否可以转让",
            "转让",
            "任何一方均可将本合同项下的权利义务转让给其关联公司，无需对方同意。|{b}可自由转让本合同项下的权利。",
            "合同可自由转让。",
            "未经对方书面同意，任何一方不得转让本合同项下的权利义务。|本合同不得转让。",
            "未经同意不得转让。",
        ),
    ),
    _fact(
        "exclusivity",
        "flag",
        (
            "exclusive|exclusivity|is_exclusive",
            "Whether the right granted is exclusive|Is the arrangement exclusive?",
            "Grant|Exclusivity|Appointment",
            "The rights granted to {b} are exclusive.|{a} appoints {b} on an exclusive basis.",
            "The rights are exclusive.",
            "The rights granted are non-exclusive.|{a} may appoint other partners; the appointment of {b} is not exclusive.",
            "The rights are not exclusive.",
        ),
        (
            "是否独家|独家授权|exclusive",
            "授权是否独家|是不是独家代理",
            "授权|独家性",
            "{a}授予{b}独家权利。|本授权为独家授权，{a}不得再授权第三方。",
            "授权为独家。",
            "本授权为非独家授权。|{a}有权另行委托其他代理商，{b}不享有独家权。",
            "授权为非独家。",
        ),
        kinds="licence distribution agency franchise",
    ),
    _fact(
        "subletting",
        "flag",
        (
            "subletting_allowed|sublease|may_sublet",
            "Whether the tenant may sublet|Is subletting permitted?",
            "Subletting|Assignment and Subletting",
            "{a} may sublet the Premises or any part of them.|Subletting is permitted upon notice to {b}.",
            "Subletting is allowed.",
            "{a} shall not sublet the Premises.|Subletting is strictly prohibited.",
            "Subletting is not allowed.",
        ),
        (
            "可否转租|是否允许转租|subletting_allowed",
            "承租人可以转租吗|是否允许转租",
            "转租",
            "{a}可以将房屋转租给第三方。|经通知{b}，{a}有权转租。",
            "允许转租。",
            "{a}不得将房屋转租。|未经许可严禁转租或分租。",
            "不得转租。",
        ),
        kinds="lease",
    ),
    _fact(
        "pets",
        "flag",
        (
            "pets_allowed|pets",
            "Whether pets may be kept|Are pets allowed?",
            "Pets|Use of the Premises",
            "Pets are welcome on the Premises.|{a} may keep domestic animals.",
            "Pets are allowed.",
            "No pets may be kept on the Premises.|Animals of any kind are forbidden.",
            "Pets are not allowed.",
        ),
        (
            "可否养宠物|宠物|pets_allowed",
            "是否允许饲养宠物",
            "房屋使用",
            "{a}可在房屋内饲养宠物。|允许饲养小型宠物。",
            "允许养宠物。",
            "{a}不得在房屋内饲养宠物。|禁止饲养任何动物。",
            "不得养宠物。",
        ),
        kinds="lease",
    ),
    _fact(
        "data_protection",
        "flag",
        (
            "data_protection|personal_data|processes_personal_data",
            "Whether personal data are processed|Does it deal with personal data?",
            "Data Protection|Privacy",
            "{b} will process personal data on behalf of {a} and shall comply with all privacy laws.|Personal data are processed under this Agreement.",
            "Personal data are processed.",
            "No personal data are processed under this Agreement.|{b} has no access to personal data.",
            "No personal data are processed.",
        ),
        (
            "是否处理个人信息|个人信息|data_protection",
            "是否涉及个人信息处理",
            "个人信息保护",
            "{b}将代表{a}处理个人信息，并遵守相关法律。|本合同履行中涉及个人信息的处理。",
            "涉及个人信息处理。",
            "本合同不涉及个人信息的处理。|{b}不接触任何个人信息。",
            "不涉及个人信息。",
        ),
        kinds="services licence consulting",
    ),
    _fact(
        "force_majeure",
        "flag",
        (
            "force_majeure|has_force_majeure",
            "Whether force majeure excuses performance|Is there a force majeure clause?",
            "Force Majeure",
            "Neither party is liable for delay caused by events beyond its reasonable control, such as fire, flood or war.|Force majeure suspends the obligations of the party affected.",
            "Force majeure excuses delay.",
            "Events beyond a party's control shall not excuse it from performance.|Force majeure gives no relief.",
            "Force majeure gives no relief.",
        ),
        (
            "不可抗力|是否有不可抗力条款|force_majeure",
            "有没有不可抗力免责条款",
            "不可抗力",
            "因不可抗力不能履行合同的，部分或全部免除责任。|遭遇不可抗力的一方不承担违约责任。",
            "不可抗力可免责。",
            "不可抗力不作为免责事由。|发生不可抗力时，义务方仍应履行。",
            "不可抗力不免责。",
        ),
    ),
    _fact(
        "payment_frequency",
        "choice",
        (
            "payment_frequency|billing_cycle|payment_interval",
            "How often payments are made|Billing interval",
            "Payment Schedule|Billing",
            "Payments shall be made on a {v} basis.|{b} will issue {v} invoices.|Amounts are settled {v}.",
            "Payment is {v}.",
            "",
            "",
            "monthly|quarterly|annually|weekly|semi-annually",
        ),
        (
            "付款频率|结算周期|支付周期|payment_frequency",
            "多久支付一次|结算周期",
            "结算方式|支付方式",
            "款项{v}支付。|双方{v}结算。|费用{v}支付一次。",
            "{v}支付。",
            "",
            "",
            "按月|按季度|按年|按周|每半年",
        ),
        kinds="services lease licence consulting agency",
    ),
    _fact(
        "delivery_terms",
        "choice",
        (
            "incoterm|delivery_terms|shipping_terms|incoterms",
            "Incoterm that applies|Delivery terms",
            "Delivery Terms|Shipment",
            "All deliveries are made {v} (Incoterms 2020).|Delivery terms: {v}.|The goods shall be delivered {v}.",
            "Delivery is {v}.",
            "",
            "",
            "EXW|FCA|FOB|CIF|DAP|DDP|CIP",
        ),
        (
            "贸易术语|交货方式|incoterm",
            "采用哪种贸易术语|交货条款",
            "交货方式",
            "货物按{v}条件交付（Incoterms 2020）。|交货条款：{v}。|贸易术语为{v}。",
            "按{v}交货。",
            "",
            "",
            "EXW|FCA|FOB|CIF|DAP|DDP|CIP",
        ),
        kinds="purchase equipment distribution transport",
    ),
    _fact(
        "ownership_ip",
        "choice",
        (
            "ip_ownership|intellectual_property|ip_owner",
            "Who owns the intellectual property created|To whom do the results belong?",
            "Intellectual Property|Work Product",
            "All intellectual property arising from the work belongs to {v}.|Title to the work product vests in {v}.",
            "The results belong to {v}.",
            "",
            "",
            "the client|the contractor|both parties jointly|the licensor",
        ),
        (
            "知识产权归属|成果归属|ip_ownership",
            "成果的知识产权归谁",
            "知识产权|成果归属",
            "履行本合同产生的知识产权归{v}所有。|工作成果的所有权属于{v}。",
            "知识产权归{v}。",
            "",
            "",
            "委托方|受托方|双方共同|许可方",
        ),
        kinds="services consulting licence",
    ),
    _fact(
        "premises",
        "place",
        (
            "premises|property_address|leased_property|property",
            "Address of the property|Which premises are let?|Where is the property?",
            "Premises|The Property",
            "{b} leases to {a} the premises located at {v}.|The property is situated at {v}.|The Premises comprise the office space at {v}.",
            "The premises are at {v}.",
        ),
        (
            "房屋地址|租赁物地址|房屋坐落|premises",
            "房屋位于哪里|租赁房屋地址",
            "租赁房屋|房屋基本情况",
            "{b}将位于{v}的房屋出租给{a}使用。|租赁房屋坐落于{v}。|房屋地址：{v}。",
            "房屋位于{v}。",
        ),
        kinds="lease",
    ),
    _fact(
        "delivery_place",
        "place",
        (
            "delivery_place|place_of_delivery|delivery_address|site",
            "Where goods are delivered or work is done|Place of delivery|Site address",
            "Place of Delivery|Site",
            "The goods shall be delivered to {v}.|The work is to be carried out at {v}.|Place of delivery: {v}.",
            "Delivery is to {v}.",
        ),
        (
            "交货地点|施工地点|交付地点|delivery_place",
            "交货地点在哪里|工程地点",
            "交货地点|工程地点",
            "交货地点：{v}。|{b}应将货物运至{v}。|工程地点位于{v}。",
            "交货地点为{v}。",
        ),
        kinds="purchase equipment construction transport",
    ),
    _fact(
        "area",
        "number",
        (
            "area|floor_area|rented_area|square_metres",
            "Floor area in square metres|How large is the space?",
            "Premises|Area",
            "The Premises have a floor area of {v} square metres.|The leased space measures {v} square metres.",
            "The area is {v} square metres.",
        ),
        (
            "面积|建筑面积|租赁面积|area",
            "面积多少平方米|建筑面积",
            "房屋面积",
            "房屋建筑面积为{v}平方米。|租赁面积共计{v}平方米。",
            "面积为{v}平方米。",
        ),
        low=20,
        high=4000,
        kinds="lease",
    ),
    _fact(
        "quantity",
        "number",
        (
            "quantity|units|number_of_units|amount_of_goods",
            "Number of units ordered|How many units are bought?",
            "Quantity|Goods",
            "{a} orders {v} units of the Product.|The quantity to be supplied is {v} units.|{b} sells and {a} buys {v} units.",
            "{v} units are bought.",
        ),
        (
            "数量|采购数量|quantity",
            "采购数量是多少|多少台",
            "货物数量|标的物",
            "{a}向{b}采购{v}台设备。|采购数量为{v}件。|货物数量共{v}套。",
            "数量为{v}。",
        ),
        low=2,
        high=9000,
        kinds="purchase equipment distribution",
    ),
    _fact(
        "users",
        "number",
        (
            "number_of_users|licensed_users|seats|user_limit",
            "Number of users allowed|How many users may use the software?",
            "Licence Scope|Users",
            "The software may be used by up to {v} named users.|The licence covers {v} seats.",
            "Up to {v} users may use it.",
        ),
        (
            "用户数|授权用户数|number_of_users",
            "授权多少用户使用",
            "许可范围",
            "软件可供{v}名用户使用。|授权用户数为{v}个。",
            "授权用户数为{v}。",
        ),
        low=1,
        high=5000,
        kinds="licence",
    ),
    _fact(
        "instalments",
        "number",
        (
            "instalments|number_of_instalments|number_of_payments",
            "Number of instalments|In how many payments is it repaid?",
            "Repayment|Instalments",
            "The loan shall be repaid in {v} equal instalments.|{a} shall make {v} consecutive payments.",
            "It is repaid in {v} instalments.",
        ),
        (
            "还款期数|分期数|instalments",
            "分几期偿还|分期期数",
            "还款方式",
            "借款分{v}期等额偿还。|{a}分{v}期归还本息。",
            "分{v}期还款。",
        ),
        low=2,
        high=120,
        kinds="loan equipment",
    ),
    _fact(
        "territory",
        "text",
        (
            "territory|region|sales_territory",
            "Territory in which rights apply|For which region?",
            "Territory",
            "The rights are granted for the territory of {v}.|The Territory means {v}.|{b} may sell the Products in {v} only.",
            "The territory is {v}.",
            "",
            "",
            "the United States and Canada|the European Union|Latin America|the Nordic countries|Southeast Asia|Australia and New Zealand|the State of Florida|worldwide|Central Europe|the Middle East",
        ),
        (
            "授权区域|销售区域|地域范围|territory",
            "授权区域是哪里|销售区域",
            "授权区域|区域",
            "授权区域为{v}。|{b}仅可在{v}销售产品。|本合同所称区域是指{v}。",
            "授权区域为{v}。",
            "",
            "",
            "华东地区|中国大陆|广东省|全球范围|长三角地区|西南地区|北京市|港澳台地区|东南亚|京津冀地区",
        ),
        kinds="distribution licence agency franchise",
    ),
    _fact(
        "goods",
        "text",
        (
            "goods|product|subject|item|description_of_goods",
            "What is sold or supplied|Goods sold|What is the subject matter?",
            "Goods|Subject Matter|The Product",
            "{b} agrees to sell and {a} agrees to buy {v}.|The subject of this Agreement is {v}.|{b} shall supply {a} with {v}.",
            "It concerns {v}.",
            "",
            "",
            "industrial water pumps|organic coffee beans|office furniture|laboratory microscopes|solar panels|stainless steel pipes|children's bicycles|printed circuit boards|cotton fabric|refrigerated containers|hospital beds|forklift trucks",
        ),
        (
            "标的物|产品名称|货物名称|goods",
            "买卖的是什么货物|产品名称",
            "标的物|产品名称",
            "{a}向{b}购买{v}。|本合同标的为{v}。|{b}向{a}供应{v}。",
            "标的物为{v}。",
            "",
            "",
            "工业水泵|有机咖啡豆|办公家具|实验室显微镜|太阳能电池板|不锈钢管|儿童自行车|印制电路板|棉布|冷藏集装箱|医用病床|叉车",
        ),
        kinds="purchase equipment distribution transport",
    ),
    _fact(
        "services",
        "text",
        (
            "services|scope_of_services|scope|subject",
            "Which services are provided|Scope of the services",
            "Services|Scope of Work",
            "{b} shall provide {v} to {a}.|The Services consist of {v}.|{a} engages {b} for {v}.",
            "{b} provides {v}.",
            "",
            "",
            "network maintenance|bookkeeping services|translation of technical manuals|security services|website development|cleaning of office buildings|market research|clinical data management|fleet management|employee training|catering|payroll processing",
        ),
        (
            "服务内容|服务范围|services",
            "提供什么服务|服务内容",
            "服务内容|服务范围",
            "{b}为{a}提供{v}。|服务内容为{v}。|{a}委托{b}进行{v}。",
            "服务内容为{v}。",
            "",
            "",
            "网络维护服务|代理记账服务|技术手册翻译|安保服务|网站开发|办公楼保洁服务|市场调研|临床数据管理|车队管理|员工培训|餐饮服务|薪资代发服务",
        ),
        kinds="services consulting",
    ),
    _fact(
        "software",
        "text",
        (
            "software|licensed_software|licensed_product|product_name",
            "Name of the licensed software or work|What is licensed?",
            "Licence|Grant of Licence",
            "{b} grants {a} a licence to use {v}.|The licensed product is {v}.",
            "{v} is licensed.",
            "",
            "",
            "the DataBridge analytics suite|the PolyCAD drawing software|the trademark SUNLEAF|the MedTrack records system|the novel “Winter Harbour”|the Quantix trading platform|the patent for a folding lock",
        ),
        (
            "许可标的|软件名称|software",
            "许可使用的软件或作品名称|许可什么",
            "许可内容",
            "{b}许可{a}使用{v}。|许可标的为{v}。",
            "许可标的为{v}。",
            "",
            "",
            "云桥数据分析软件|精绘三维设计软件|“绿叶”注册商标|医迹病历管理系统|长篇小说《冬日港湾》|量智交易平台|折叠锁专利",
        ),
        kinds="licence franchise",
    ),
    _fact(
        "loan_purpose",
        "text",
        (
            "purpose|loan_purpose|use_of_funds",
            "What the money is used for|Purpose of the loan",
            "Purpose|Use of Proceeds",
            "The loan shall be used solely for {v}.|{a} will apply the funds to {v}.",
            "The money is for {v}.",
            "",
            "",
            "the purchase of machinery|working capital|the renovation of its headquarters|refinancing existing debt|the acquisition of farmland|building a warehouse",
        ),
        (
            "借款用途|资金用途|purpose",
            "借款用途是什么",
            "借款用途",
            "借款仅用于{v}。|{a}应将借款用于{v}。",
            "借款用途为{v}。",
            "",
            "",
            "购买机器设备|补充流动资金|办公楼装修|偿还原有债务|购置土地|建设仓库",
        ),
        kinds="loan",
    ),
    _fact(
        "project",
        "text",
        (
            "project|project_name|works",
            "Name of the project or works|Which building work is done?",
            "The Works|Project",
            "{b} shall carry out {v}.|The works consist of {v}.",
            "The works are {v}.",
            "",
            "",
            "the construction of a two-storey school|the refurbishment of Harbour Tower|the extension of a water treatment plant|the installation of elevators|roof repairs at Mill House",
        ),
        (
            "工程名称|项目名称|project",
            "工程名称是什么|项目名称",
            "工程概况|项目名称",
            "工程名称：{v}。|{b}承建{v}。|本项目为{v}。",
            "工程为{v}。",
            "",
            "",
            "两层教学楼新建工程|港湾大厦改造工程|污水处理厂扩建工程|电梯安装工程|磨坊大楼屋面维修工程",
        ),
        kinds="construction",
    ),
    _fact(
        "contact_person",
        "person",
        (
            "contact|contact_person|representative|project_manager",
            "Contact person named in the contract|Who is the contact?",
            "Notices|Contact",
            "The contact person for all questions is {v}.|Notices shall be addressed to the attention of {v}.|{b} appoints {v} as its representative.",
            "The contact is {v}.",
        ),
        (
            "联系人|项目负责人|contact_person",
            "联系人是谁|项目负责人姓名",
            "联系方式|项目负责人",
            "{b}指定{v}为本合同联系人。|项目负责人：{v}。|联系人为{v}。",
            "联系人为{v}。",
        ),
    ),
    _fact(
        "guarantor",
        "company",
        (
            "guarantor|surety|guaranteed_by",
            "Who guarantees the obligations|Name of the guarantor",
            "Guarantee|Security",
            "{v} guarantees the due performance of all obligations of {a}.|The obligations of {a} are secured by a guarantee of {v}.",
            "{v} is guarantor.",
        ),
        (
            "担保人|保证人|guarantor",
            "谁提供担保|保证人是谁",
            "担保|保证",
            "{v}为{a}的债务提供连带责任保证。|本合同由{v}提供担保。",
            "担保人为{v}。",
        ),
        kinds="loan lease equipment",
    ),
    _fact(
        "bank",
        "company",
        (
            "bank|bank_name|account_bank",
            "Bank to which payments are made|Which bank holds the account?",
            "Account|Payment Details",
            "Payments shall be transferred to the account of {b} at {v}.|The account is held with {v}.",
            "Payments go to {v}.",
        ),
        (
            "开户银行|收款银行|bank",
            "收款账户的开户行",
            "账户信息|收款账户",
            "{b}收款账户开户行：{v}。|款项汇入{b}在{v}开立的账户。",
            "收款银行为{v}。",
        ),
        kinds="services purchase loan lease consulting",
    ),
)

# Roles of the two parties, the one that pays or receives first: (English, Chinese, short Chinese)
KINDS: dict[str, tuple[tuple[str, str], tuple[str, str], str, str]] = {
    "nda": (
        ("Recipient", "Disclosing Party"),
        ("接收方", "披露方"),
        "Non-Disclosure Agreement|Confidentiality Agreement|Mutual Confidentiality Agreement",
        "保密协议|商业秘密保护协议",
    ),
    "services": (
        ("Client", "Provider"),
        ("委托方", "服务方"),
        "Services Agreement|Master Services Agreement|Service Contract",
        "服务合同|技术服务合同|委托服务协议",
    ),
    "consulting": (
        ("Company", "Consultant"),
        ("委托人", "顾问"),
        "Consulting Agreement|Advisory Agreement",
        "咨询合同|顾问聘用协议",
    ),
    "lease": (
        ("Tenant", "Landlord"),
        ("承租方", "出租方"),
        "Lease Agreement|Commercial Lease|Tenancy Agreement",
        "房屋租赁合同|租赁合同|办公用房租赁合同",
    ),
    "purchase": (
        ("Buyer", "Seller"),
        ("买方", "卖方"),
        "Purchase Agreement|Supply Agreement|Sale and Purchase Contract",
        "买卖合同|采购合同|购销合同",
    ),
    "equipment": (
        ("Lessee", "Lessor"),
        ("承租人", "出租人"),
        "Equipment Lease|Equipment Supply Contract",
        "设备租赁合同|设备采购合同",
    ),
    "employment": (
        ("Company", "Employee"),
        ("用人单位", "劳动者"),
        "Employment Agreement|Employment Contract",
        "劳动合同|聘用合同",
    ),
    "loan": (
        ("Borrower", "Lender"),
        ("借款人", "贷款人"),
        "Loan Agreement|Promissory Note|Credit Agreement",
        "借款合同|贷款协议",
    ),
    "licence": (
        ("Licensee", "Licensor"),
        ("被许可方", "许可方"),
        "Licence Agreement|Software License Agreement|Trademark License",
        "软件许可协议|许可使用合同",
    ),
    "distribution": (
        ("Distributor", "Supplier"),
        ("经销商", "供应商"),
        "Distribution Agreement|Dealer Agreement",
        "经销协议|经销合同",
    ),
    "agency": (
        ("Principal", "Agent"),
        ("委托方", "代理方"),
        "Agency Agreement|Sales Representative Agreement",
        "代理协议|委托代理合同",
    ),
    "franchise": (
        ("Franchisee", "Franchisor"),
        ("加盟方", "特许方"),
        "Franchise Agreement",
        "特许经营合同|加盟合同",
    ),
    "construction": (
        ("Owner", "Contractor"),
        ("发包人", "承包人"),
        "Construction Contract|Building Works Agreement",
        "建设工程施工合同|装修工程合同",
    ),
    "transport": (
        ("Shipper", "Carrier"),
        ("托运人", "承运人"),
        "Carriage Agreement|Transport Contract",
        "货物运输合同|物流服务合同",
    ),
}

# Sentences without any value, between the clauses.
FILLER_EN = (
    "The headings of this Agreement are for convenience only and do not affect its interpretation.|"
    "If any provision is held invalid, the remaining provisions shall continue in full force.|"
    "No waiver of any breach shall be deemed a waiver of any later breach.|"
    "This Agreement may be executed in counterparts, each of which is an original.|"
    "Amendments are valid only if made in writing and signed by both parties.|"
    "The parties are independent contractors and nothing herein creates a partnership.|"
    "All notices shall be in writing and delivered by courier, registered mail or e-mail.|"
    "Each party bears its own costs in connection with the negotiation of this Agreement.|"
    "The recitals form an integral part of this Agreement.|"
    "Each party represents that it has full power and authority to enter into this Agreement.|"
    "{b} shall perform its duties with reasonable care and skill.|"
    "{a} shall cooperate in good faith and provide all information reasonably required.|"
    "Time is of the essence in the performance of all obligations.|"
    "The rights and remedies provided herein are cumulative.|"
    "Neither party shall make any public announcement without the approval of the other.|"
    "Upon request, {b} shall return or destroy all documents received from {a}.|"
    "{b} shall comply with all laws and regulations that apply to its business.|"
    "Any delay in exercising a right shall not operate as a waiver of it.|"
    "The provisions that by their nature are intended to survive shall survive.|"
    "Nothing in this Agreement obliges either party to enter into further agreements.|"
    "{a} acknowledges that it has read and understood this Agreement.|"
    "Confidential Information does not include information that is or becomes public through no fault of the recipient.|"
    "The parties shall attempt to resolve any disagreement amicably before taking further steps.|"
    "Records shall be kept in accordance with generally accepted accounting principles and made available for inspection."
).split("|")
FILLER_ZH = (
    "本合同未尽事宜，由双方另行协商并签订补充协议。|"
    "本合同的标题仅为方便阅读，不影响条款的解释。|"
    "对本合同的任何修改须经双方书面确认后方可生效。|"
    "本合同部分条款无效的，不影响其他条款的效力。|"
    "双方应本着诚实信用的原则履行本合同。|"
    "任何一方未行使权利不视为对该权利的放弃。|"
    "{b}应勤勉尽责，按照约定履行义务。|"
    "{a}应为{b}履行合同提供必要的协助。|"
    "双方确认已阅读并充分理解本合同的全部内容。|"
    "本合同附件是本合同不可分割的组成部分，与本合同具有同等法律效力。|"
    "双方均具有签订和履行本合同的权利能力和行为能力。|"
    "通知应以书面形式送达对方在本合同中载明的地址。|"
    "一方变更联系方式的，应及时书面通知对方。|"
    "{b}不得损害{a}的合法权益。|"
    "双方发生争议时，应首先友好协商解决。|"
    "{b}应当遵守国家法律法规及{a}的有关规定。|"
    "因履行本合同所产生的税费由双方各自依法承担。|"
    "守约方有权要求违约方赔偿因此遭受的损失。"
).split("|")

"""What contracts are asked about beside `passages.TOPICS`, and the words that tell of it."""

from __future__ import annotations

import re

from backend.prompt.passages import TOPICS, Topic


def _clue(asked: str, told: str) -> Topic:
    return Topic(re.compile(asked, re.IGNORECASE), re.compile(told, re.IGNORECASE))


CLUES = (
    *TOPICS,
    _clue(
        r"notice|how many days|提前|通知",
        r"\bnotice\b|\bprior written\b|days['’]? (prior|notice)|提前.{0,8}(日|天|个月)|通知",
    ),
    _clue(
        r"renew|extend|extension|续约|续期|续签|延长",
        r"\brenew|\bextend|successive|automatic|续约|续期|续签|自动延",
    ),
    _clue(
        r"deposit|押金|保证金|定金|预付", r"\bdeposit|down payment|advance|押金|保证金|定金|预付"
    ),
    _clue(
        r"\brent\b|lease|租金|房租",
        r"\brent(al)?\b|per month|monthly|租金|每月|月租",
    ),
    _clue(
        r"salary|wage|compensation|remunerat|bonus|工资|薪|报酬|奖金",
        r"salary|wage|per (year|annum)|annual|bonus|remunerat|工资|月薪|报酬|奖金",
    ),
    _clue(
        r"interest|\brate\b|percent|royalt|commission|discount|利率|利息|比例|费率|佣金|提成",
        r"\binterest\b|per annum|\d\s?%|percent|royalt|commission|discount|"
        r"利率|利息|％|百分之|佣金|提成",
    ),
    _clue(
        r"loan|principal|borrow|lend|借款|贷款|本金|还款",
        r"\bloan|principal|borrow|lend|repa(y|id)|maturity|借款|贷款|本金|还款|归还",
    ),
    _clue(
        r"deliver|shipment|shipping|incoterm|completion|交货|交付|发货|运输|竣工|完工",
        r"deliver|ship(ment|ped|ping)|incoterm|\b(FOB|CIF|EXW|DDP|DAP|FCA)\b|complet|交货|交付|发货|运至|竣工|完工",
    ),
    _clue(
        r"warrant|guarantee|保修|质保|质量|担保",
        r"warrant|guarantee|defect|free from|质保|保修|质量|担保|保证责任",
    ),
    _clue(
        r"address|place|location|premises|property|site|where|地址|地点|坐落|位于|房屋",
        r"\blocated\b|situated|premises|address|\b(street|avenue|road|drive|lane|suite|floor)\b|"
        r"坐落|位于|地址|地点|路\d+号",
    ),
    _clue(
        r"\barea\b|square|面积",
        r"square (met|feet|foot)|sq\.|m2|㎡|平方米|建筑面积|面积",
    ),
    _clue(
        r"goods|product|item|subject|services?\b|scope|标的|货物|产品|服务内容|用途",
        r"agrees? to (sell|buy|supply|provide)|\bsuppl(y|ies)|the (goods|products|services)\b|"
        r"\bscope\b|"
        r"标的|货物|产品名称|服务内容|提供|用途",
    ),
    _clue(
        r"quantit|number of|how many|units|users|seats|数量|多少|用户数",
        r"\bunits?\b|quantit|number of|pieces|users|seats|instal?ments|数量|台|件|套|期",
    ),
    _clue(
        r"employ|position|title|role|job|岗位|职位|职务",
        r"position|employ(s|ed|ment)|serve as|title|duties|岗位|职务|担任|职位",
    ),
    _clue(r"probation|trial|试用", r"probation|trial period|试用期"),
    _clue(
        r"vacation|leave|holiday|hours|年假|休假|工时|工作时间",
        r"vacation|annual leave|paid|holiday|hours (per|a|each) week|年休假|年假|小时",
    ),
    _clue(
        r"compet|solicit|restrict|竞业|竞争",
        r"compet(e|ing|ition)|solicit|竞业|竞争",
    ),
    _clue(r"exclusiv|独家|排他", r"exclusiv|sole\b|独家|排他"),
    _clue(
        r"territor|region|区域|地域|地区",
        r"territor|region|worldwide|区域|地区|范围内",
    ),
    _clue(r"assign|transfer|subl(et|ease)|转让|转租", r"assign|transfer|sublet|sublease|转让|转租"),
    _clue(
        r"intellectual|\bip\b|owner|copyright|patent|知识产权|归属|著作权|专利",
        r"intellectual property|title to|vests?|belongs? to|copyright|知识产权|归.{0,6}所有|属于",
    ),
    _clue(r"insur|保险", r"insur|coverage|保险|保额"),
    _clue(
        r"arbitra|dispute|仲裁|争议",
        r"arbitra|dispute|controvers|仲裁|争议|诉讼",
    ),
    _clue(r"force majeure|不可抗力", r"force majeure|beyond .{0,20}control|不可抗力"),
    _clue(
        r"contact|representative|attention|联系人|负责人|代表",
        r"attention|contact|representative|attn|联系人|负责人|代表",
    ),
    _clue(r"\bbank|account|银行|账户|账号", r"\bbank|account|银行|账户|账号|开户行"),
    _clue(r"guarantor|surety|担保人|保证人", r"guarantor|surety|guarantees the|担保|连带责任"),
    _clue(r"personal data|privacy|个人信息|数据保护", r"personal data|privacy|个人信息"),
    _clue(
        r"licen[cs]|software|product_name|许可|软件",
        r"licen[cs]e|grants?|software|许可|授权|软件",
    ),
    _clue(
        r"penalt|liquidated|late|overdue|逾期|滞纳|违约金",
        r"penalt|liquidated|overdue|late (charge|payment)|逾期|滞纳|违约金",
    ),
    _clue(r"retention|retain|holdback|质保金", r"retention|retain|质量保证金|质保金"),
    _clue(r"pets?|animals?|宠物", r"\bpets?\b|animals?|宠物|动物"),
)

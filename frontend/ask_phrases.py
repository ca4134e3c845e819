"""Every sentence about questions, answers and old conversations, in English and Chinese."""

from __future__ import annotations

from typing import Final

ASK: Final[dict[str, tuple[str, str]]] = {
    # What can be done with a question
    "question.edit": ("Edit question", "修改提问"),
    "question.send": ("Ask", "提问"),
    "question.cancel": ("Cancel", "取消"),
    "question.later": (
        "What followed it is deleted: {n} message.|What followed it is deleted: {n} messages.",
        "其后的 {n} 条消息将被删除。",
    ),
    # What can be done with an answer
    "answer.copy": ("Copy", "复制"),
    "answer.copied": ("Copied", "已复制"),
    "answer.regenerate": ("Answer anew", "重新生成"),
    "answer.places": ("Places the answer names", "回答指出的位置"),
    "answer.place": ("{n} {label}", "{n} {label}"),
    "answer.places_note": (
        "As the model gave them; they prove nothing.",
        "由模型给出，不作为依据。",
    ),
    "answer.earlier": ("{n} earlier answer|{n} earlier answers", "{n} 条之前的回答"),
    "answer.page": ("p. {n}", "第 {n} 页"),
    "answer.open": ("Open {name}", "打开 {name}"),
    # The receipt, opened
    "receipt.why": ("Why this route", "选择该路线的原因"),
    "receipt.model": ("Model", "模型"),
    "receipt.seed": ("Seed", "随机种子"),
    "receipt.prompt": ("Prompt", "输入"),
    "receipt.prompt_of": (
        "{n:,} tokens, {cached:,} of them cached",
        "{n:,} 词元，其中 {cached:,} 已缓存",
    ),
    "receipt.of_images": ("{n:,} for pictures", "图像 {n:,}"),
    "receipt.answer": ("Answer", "输出"),
    "receipt.answer_of": ("{n:,} token|{n:,} tokens", "{n:,} 词元"),
    "receipt.of_reasoning": ("{n:,} for reasoning", "思考 {n:,}"),
    "receipt.times": ("Time", "用时"),
    "receipt.time_queue": ("queue {seconds:.1f} s", "排队 {seconds:.1f} 秒"),
    "receipt.time_reading": ("reading {seconds:.1f} s", "阅读 {seconds:.1f} 秒"),
    "receipt.time_total": ("total {seconds:.1f} s", "总计 {seconds:.1f} 秒"),
    "receipt.asked_with": ("Asked with", "提问参数"),
    # Replay
    "replay.start": ("Replay", "重放"),
    "replay.help": (
        "Computes it again with the same parameters and seed, past the answer cache, and says "
        "whether the text is the same.",
        "用相同的参数和种子绕过回答缓存重新计算，并说明文字是否一致。",
    ),
    "replay.running": ("Replaying · {n} token|Replaying · {n} tokens", "正在重放 · {n} 词元"),
    "replay.same": (
        "Replayed: the same text, character for character ({n} token, {seconds:.1f} s).|"
        "Replayed: the same text, character for character ({n} tokens, {seconds:.1f} s).",
        "已重放：文字逐字一致（{n} 词元，{seconds:.1f} 秒）。",
    ),
    "replay.different": (
        "Replayed: another text. It parts from this one after {n} character.|"
        "Replayed: another text. It parts from this one after {n} characters.",
        "已重放：文字不同，从第 {n} 个字符之后开始不一致。",
    ),
    "replay.other_thoughts": (
        "Replayed: the same answer after other reasoning.",
        "已重放：回答一致，但思考过程不同。",
    ),
    "replay.whole": ("The text of the replay", "重放得到的文字"),
    "replay.too_many": ("Too many replays are running.", "正在运行的重放过多。"),
    "error.not_kept": (
        "Its outcome could not be saved. Free some disk space, or try again in a moment.",
        "结果无法保存。请释放磁盘空间，或稍后重试。",
    ),
    "replay.failed": ("The replay failed: {reason}", "重放失败：{reason}"),
    "replay.not.unfinished": (
        "It did not end by itself, so there is nothing to compare.",
        "该回答未正常结束，无从比较。",
    ),
    "replay.not.unknown": ("It was not kept what this was asked with.", "没有保存提问时的参数。"),
    "replay.not.away": ("The backend is away.", "后端不可用。"),
    "replay.not.other_model": ("Another model is loaded now.", "当前加载的是另一个模型。"),
    "replay.not.file_gone": (
        "A file that it was about has been removed since.",
        "其依据的某个文件已被移除。",
    ),
    # Export
    "export.title": ("Export", "导出"),
    "export.markdown": ("Markdown", "Markdown"),
    "export.json": ("JSON", "JSON"),
    "export.question": ("Question", "提问"),
    "export.answer": ("Answer", "回答"),
    "export.files": ("Files", "文件"),
    # Old conversations
    "conversations.search": ("Search texts and file names", "搜索内容或文件名"),
    "conversations.none": ("Nothing found.", "没有找到。"),
    "conversations.pinned": ("Pinned", "已置顶"),
    "conversations.today": ("Today", "今天"),
    "conversations.yesterday": ("Yesterday", "昨天"),
    "conversations.week": ("Previous 7 days", "过去 7 天"),
    "conversations.month": ("Previous 30 days", "过去 30 天"),
    "conversations.earlier": ("Earlier", "更早"),
    "conversations.pin": ("Pin", "置顶"),
    "conversations.unpin": ("Unpin", "取消置顶"),
    # Files
    "files.menu": ("Look at, remove or forget", "查看、移除或彻底忘记"),
    "files.do.open": ("Look at the pages", "查看页面"),
    "files.do.remove": ("Remove from this conversation", "从本次对话中移除"),
    "files.do.forget": ("Forget this document…", "彻底忘记此文件…"),
    # Forgetting
    "forget.title": ("Forget this document", "彻底忘记此文件"),
    "forget.sure": (
        "**{name}** is erased for good, and with it everything derived from it and everything "
        "that was said in its sight: its pages and their words, cached answers, rows of tables, "
        "and in every conversation what follows the first question about it.",
        "**{name}** 将被永久删除，同时删除由它得到的一切以及依据它所说的一切：页面及其文字、"
        "缓存的回答、表格中的行，以及各对话中首个相关提问之后的内容。",
    ),
    "forget.in": (
        "It is part of {n} conversation.|It is part of {n} conversations.",
        "涉及 {n} 个对话。",
    ),
    "forget.now": ("Forget for good", "永久忘记"),
    "forget.done": ("Forgotten", "已彻底忘记"),
    "forget.erased": ("**{name}** was erased:", "**{name}** 已被删除："),
    "forget.away": (
        "The backend is away. Its copy, and what it derived from it, is erased as soon as it is "
        "back.",
        "后端不可用。其保存的副本及派生内容将在后端恢复后立即删除。",
    ),
    "forget.bytes": ("{size} on disk", "磁盘上的 {size}"),
    "forget.bytes_shared": (
        "nothing on disk: someone else has the same file",
        "磁盘内容未变：他人也保存了同一文件",
    ),
    "forget.pages": (
        "{n} page with words and picture|{n} pages with words and pictures",
        "{n} 页的文字与图像",
    ),
    "forget.embeddings": ("{n} picture embedding|{n} picture embeddings", "{n} 个图像嵌入"),
    "forget.answers": ("{n} cached answer|{n} cached answers", "{n} 个缓存的回答"),
    "forget.generations": (
        "{n} finished answer the backend still held|{n} finished answers the backend still held",
        "后端保留的 {n} 个已完成回答",
    ),
    "forget.messages": ("{n} question or answer|{n} questions and answers", "{n} 条提问与回答"),
    "forget.conversations": ("{n} whole conversation|{n} whole conversations", "{n} 个完整对话"),
    "forget.rows": ("{n} row of tables|{n} rows of tables", "表格中的 {n} 行"),
    "forget.tables": ("{n} whole table|{n} whole tables", "{n} 个完整表格"),
    "forget.close": ("Close", "关闭"),
    # Questions to begin with, by kind of file
    "starter.describe": ("What does this picture show?", "这张图片里有什么？"),
    "starter.read": ("Write down all the text in it", "写出其中的全部文字"),
    "starter.figures": ("Put its figures into a table", "把其中的数字整理成表格"),
    "starter.about": ("What is this document about?", "这份文件讲了什么？"),
    "starter.dates": ("Which dates and amounts does it name?", "其中提到哪些日期和金额？"),
    "starter.points": ("List its main points", "列出要点"),
    "starter.signed": ("Who signed it, and when?", "由谁签署？何时签署？"),
    "starter.each": ("What is each of these files about?", "这些文件各讲了什么？"),
    "starter.compare": ("How do these files differ?", "这些文件有何不同？"),
    "starter.common": ("What do these files have in common?", "这些文件有何共同点？"),
}

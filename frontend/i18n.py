"""Every sentence of the page, in English and Chinese."""

from __future__ import annotations

from typing import Final, NamedTuple

from frontend.ask_phrases import ASK
from frontend.help_phrases import HELP
from frontend.monitor_phrases import MONITOR
from frontend.work_phrases import WORK

LANGUAGES: Final = {"en": "English", "zh": "中文"}


class Phrase(NamedTuple):
    """One sentence; an English "one|many" is chosen by `n`."""

    en: str
    zh: str


PHRASES: Final[dict[str, Phrase]] = {
    "app.name": Phrase("GLM-Flash-WEB", "GLM-Flash-WEB"),
    "app.language": Phrase("切换到中文", "Switch to English"),
    # Files
    "files.title": Phrase("Files", "文件"),
    "files.drop": Phrase("Add files", "添加文件"),
    "files.choose": Phrase("Drop or choose files", "拖入或选择文件"),
    "files.choose_more": Phrase("Add more files", "继续添加文件"),
    "files.drop_here": Phrase("Drop files to add them", "松开以添加文件"),
    "files.limits": Phrase(
        "PDF up to {document} · PNG, JPEG, WEBP, GIF up to {image}",
        "PDF 最大 {document} · PNG、JPEG、WEBP、GIF 最大 {image}",
    ),
    "files.too_big_file": Phrase(
        "{size} is too much: a file may have up to {limit}.",
        "文件大小为 {size}，超过上限 {limit}。",
    ),
    "files.too_big_picture": Phrase(
        "{size} is too much: a picture may have up to {limit}.",
        "图片大小为 {size}，超过上限 {limit}。",
    ),
    "files.too_large": Phrase("Larger than {document}", "超过 {document}"),
    "files.storing": Phrase("Storing {n} file…|Storing {n} files…", "正在保存 {n} 个文件…"),
    "files.away": Phrase(
        "Files can be added once the backend is back.", "后端恢复后即可添加文件。"
    ),
    "files.open": Phrase("Look at the pages", "查看页面"),
    "files.removed": Phrase("removed", "已移除"),
    "files.pages": Phrase("{n} page|{n} pages", "{n} 页"),
    "files.picture": Phrase("picture", "图片"),
    "files.one": Phrase("the file", "文件"),
    "files.about_document": Phrase("{n} page · {size}|{n} pages · {size}", "{n} 页 · {size}"),
    "files.about_picture": Phrase("{width} × {height} · {size}", "{width} × {height} · {size}"),
    "files.page_of": Phrase("Page {page} of {pages}", "第 {page} 页，共 {pages} 页"),
    "files.no_preview": Phrase("This page cannot be shown at the moment.", "暂时无法显示此页。"),
    # Files on their way, in the browser
    "uploader.preparing": Phrase("Preparing files…", "正在准备文件…"),
    "uploader.total": Phrase("Sent: {before} → {after}", "已发送：{before} → {after}"),
    "uploader.looking": Phrase("Looking at it…", "正在检查…"),
    "uploader.waiting": Phrase("Ready", "已就绪"),
    "uploader.sending": Phrase("Sending…", "正在发送…"),
    "uploader.sent": Phrase("Sent", "已发送"),
    "uploader.as_is": Phrase("Sent as it is", "已按原文件发送"),
    "uploader.known": Phrase("Already here: nothing was sent", "已有此文件，无需重新发送"),
    "uploader.document": Phrase("Document", "文档"),
    "uploader.photo": Phrase("Photo", "照片"),
    "uploader.line": Phrase("1 line of text", "1 行文字"),
    "uploader.lines": Phrase("{n} lines of text", "{n} 行文字"),
    "uploader.picture": Phrase("1 picture made smaller", "1 张图片已缩小"),
    "uploader.pictures": Phrase("{n} pictures made smaller", "{n} 张图片已缩小"),
    "uploader.turned": Phrase("turned upright", "已转正"),
    # Conversations
    "conversations.title": Phrase("Conversations", "历史对话"),
    "conversations.older": Phrase("Older", "更早的对话"),
    "conversations.menu": Phrase("Pin, rename or delete", "置顶、重命名或删除"),
    "conversations.rename": Phrase("Rename conversation", "重命名对话"),
    "conversations.delete": Phrase("Delete conversation", "删除对话"),
    "conversations.name": Phrase("Name", "名称"),
    "conversations.save": Phrase("Save", "保存"),
    "conversations.delete_sure": Phrase(
        "Its questions and answers are deleted for good, and so are its files unless another "
        "conversation has them.",
        "其中的问题和回答将被永久删除；未被其他对话使用的文件也会一并删除。",
    ),
    # Uses of the page
    "app.use": Phrase("Use", "用途"),
    "view.ask": Phrase("Ask", "问答"),
    "view.documents": Phrase("Documents", "批量提取"),
    "view.monitor": Phrase("Monitor", "监控"),
    "view.help": Phrase("Help", "帮助"),
    # Signing in
    "sign_in.hint": Phrase(
        "Sign in to see your files and conversations.", "登录后即可查看您的文件和对话。"
    ),
    "sign_in.in": Phrase("Sign in", "登录"),
    "sign_in.out": Phrase("Sign out", "退出登录"),
    "sign_in.not_allowed": Phrase(
        "You are signed in, but this page is not open to you. Ask whoever runs it.",
        "您已登录，但无权使用此页面。请联系管理员。",
    ),
    "sign_in.by_proxy": Phrase(
        "Open this page at the address where you sign in: it came here without a name that may "
        "come in.",
        "请通过需要登录的地址打开此页面：当前访问没有可用的用户身份。",
    ),
    "sign_in.owner": Phrase("Files and keys belong to {owner}", "文件和密钥归属：{owner}"),
    # Conversation
    "chat.new": Phrase("New conversation", "新对话"),
    "chat.welcome": Phrase("What would you like to know?", "想了解什么？"),
    "chat.hint": Phrase(
        "Add contracts or pictures, then ask about them below. Files can be dropped anywhere on "
        "this page, and pictures pasted.",
        "添加合同或图片，然后在下方提问。文件可拖放到页面任意位置，图片可直接粘贴。",
    ),
    "chat.hint_files": Phrase(
        "{n} file is ready. Ask below, or begin with one of these.|"
        "{n} files are ready. Ask below, or begin with one of these.",
        "{n} 个文件已就绪。在下方提问，或从以下问题开始。",
    ),
    "chat.missing": Phrase("There is no such conversation (any more).", "该对话不存在或已被删除。"),
    "chat.ask": Phrase("Ask a question…", "输入问题…"),
    "chat.ask_files": Phrase("Ask about these files…", "就这些文件提问…"),
    "chat.cannot_ask": Phrase("Waiting for the backend…", "等待后端就绪…"),
    "chat.stop": Phrase("Stop", "停止"),
    "chat.again": Phrase("Ask again", "重新回答"),
    "chat.reasoning": Phrase("Reasoning", "思考过程"),
    "chat.seconds": Phrase("{n} s", "{n} 秒"),
    "chat.still_answering": Phrase(
        "The answer is still being written. Stop it, or wait.",
        "回答仍在生成。请等待，或先停止。",
    ),
    "chat.kept": Phrase("What was written so far is kept.", "已生成的内容已保留。"),
    "chat.lost": Phrase(
        "The connection to this answer was lost. What was written so far is kept.",
        "与此回答的连接已中断，已生成的内容已保留。",
    ),
    "chat.lost_empty": Phrase(
        "The connection was lost before anything was written.", "生成之前连接已中断。"
    ),
    "chat.deadline": Phrase(
        "The time allowed ran out. What was written so far is kept.",
        "超出允许的时间，已生成的内容已保留。",
    ),
    "chat.not_saved": Phrase(
        "Not saved yet: the disk is full, or another program holds the history.",
        "尚未保存：磁盘已满，或历史记录被其他程序占用。",
    ),
    "chat.stopped_empty": Phrase("Stopped before anything was written.", "生成之前已停止。"),
    "chat.empty_answer": Phrase("The model wrote nothing.", "模型没有给出内容。"),
    # What an answer is doing
    "stage.sent": Phrase("Sending", "正在发送"),
    "stage.queued": Phrase("Queued · {n} ahead", "排队中 · 前面还有 {n} 个"),
    "stage.reading": Phrase(
        "Reading {name} · page {page} of {pages}", "正在阅读 {name} · 第 {page}/{pages} 页"
    ),
    "stage.reading_one": Phrase("Reading {name}", "正在阅读 {name}"),
    "stage.preparing": Phrase("Thinking it over", "正在理解内容"),
    "stage.thinking": Phrase("Thinking · {n} token|Thinking · {n} tokens", "正在思考 · {n} 词元"),
    "stage.writing": Phrase("Answering · {n} token|Answering · {n} tokens", "正在回答 · {n} 词元"),
    "stage.reconnecting": Phrase("Reconnecting to the backend", "正在重新连接后端"),
    "stage.stopping": Phrase("Stopping", "正在停止"),
    "stage.unsaved": Phrase("Complete, waiting to be saved", "已完成，等待保存"),
    # The receipt under an answer
    "list.separator": Phrase(", ", "、"),
    "receipt.pages": Phrase("{n} page|{n} pages", "{n} 页"),
    "receipt.pages_some": Phrase("{used} of {n} page|{used} of {n} pages", "{n} 页中的 {used} 页"),
    "receipt.pages_by": Phrase("{pages}: {methods}", "{pages}：{methods}"),
    "receipt.hidden": Phrase(
        "⚠ {n} hidden word left out|⚠ {n} hidden words left out", "⚠ 已略去 {n} 个隐藏词"
    ),
    "receipt.tokens": Phrase(
        "{prompt:,} + {completion:,} tokens", "输入 {prompt:,} + 输出 {completion:,} 词元"
    ),
    "receipt.speed": Phrase("{speed:.1f} tokens/s", "{speed:.1f} 词元/秒"),
    "receipt.first_token": Phrase("first token {seconds:.1f} s", "首词元 {seconds:.1f} 秒"),
    "receipt.cached": Phrase("{n:,} cached", "{n:,} 已缓存"),
    "receipt.answer_cached": Phrase("from the answer cache", "来自回答缓存"),
    "method.text_layer": Phrase("{n} by text layer", "{n} 页来自文本层"),
    "method.ocr": Phrase("{n} by OCR", "{n} 页经 OCR 识别"),
    "method.vision": Phrase("{n} seen as pictures", "{n} 页以图像读取"),
    "route.text": Phrase("Text route", "文本路线"),
    "route.multimodal": Phrase("Multimodal route", "图文路线"),
    "route.image_batch": Phrase("Image batch route", "批量图像路线"),
    "reason.stop": Phrase("complete", "已完成"),
    "reason.length": Phrase("cut at the token limit", "达到词元上限"),
    "reason.cancelled": Phrase("stopped", "已停止"),
    "reason.deadline": Phrase("out of time", "已超时"),
    "reason.error": Phrase("failed", "出错"),
    "reason.tool_calls": Phrase("calls a tool", "调用工具"),
    # Parameters
    "parameters.title": Phrase("Parameters", "参数"),
    "parameters.wait": Phrase(
        "They can be set once a model is loaded.", "模型加载完成后即可设置。"
    ),
    "parameters.model": Phrase("Model", "模型"),
    "parameters.preset": Phrase("Style", "风格"),
    "parameters.temperature": Phrase("Temperature", "温度"),
    "parameters.temperature_help": Phrase(
        "0 always picks the likeliest word: the same question gives the same answer.",
        "为 0 时总是选取最可能的词：同样的问题得到同样的回答。",
    ),
    "parameters.max_tokens": Phrase("Longest answer (tokens)", "最大输出长度（词元）"),
    "parameters.max_tokens_help": Phrase(
        "Question, files and answer together may have {n:,} tokens.",
        "问题、文件与回答合计最多 {n:,} 个词元。",
    ),
    "parameters.thinking": Phrase("Think before answering", "先思考再回答"),
    "parameters.thinking_help": Phrase(
        "Slower; the reasoning is shown above the answer.", "速度较慢；思考过程显示在回答上方。"
    ),
    "parameters.more": Phrase("More", "更多"),
    "parameters.top_p": Phrase("Top-p", "Top-p"),
    "parameters.top_k": Phrase("Top-k", "Top-k"),
    "parameters.top_k_help": Phrase("0 keeps all words in play.", "为 0 时不限制候选词。"),
    "parameters.repetition_penalty": Phrase("Repetition penalty", "重复惩罚"),
    "parameters.seed": Phrase("Seed", "随机种子"),
    "parameters.seed_random": Phrase("random", "随机"),
    "parameters.seed_help": Phrase(
        "With a fixed seed an answer can be repeated.", "固定种子可以重现同一回答。"
    ),
    "parameters.system_prompt": Phrase("System prompt", "系统提示词"),
    "parameters.system_prompt_hint": Phrase(
        "Standing instructions, e.g. “Quote the clause.”", "固定要求，例如“请引用原文条款”。"
    ),
    "preset.exact": Phrase("Exact", "严谨"),
    "preset.balanced": Phrase("Balanced", "平衡"),
    "preset.free": Phrase("Free", "灵活"),
    "starter.summary": Phrase("Summarise the three key clauses", "总结三个关键条款"),
    "starter.parties": Phrase(
        "Who are the parties, when does it start, which law governs?",
        "合同双方是谁？何时生效？适用哪国法律？",
    ),
    "starter.term": Phrase(
        "How long does it last, and how can it be ended?", "期限多长？如何终止？"
    ),
    # The model
    "model.about": Phrase("About this model", "关于此模型"),
    "model.parameters": Phrase("{n:,.0f} M parameters", "{n:,.0f} M 参数"),
    "model.context": Phrase("{n:,} tokens of context", "上下文 {n:,} 词元"),
    # The backend
    "status.online": Phrase("Online", "在线"),
    "status.busy": Phrase("Busy · {n} ahead", "繁忙 · 前面有 {n} 个"),
    "status.away": Phrase("Offline", "离线"),
    "status.away_long": Phrase(
        "The backend cannot be reached. Conversations can be read; asking and adding files will "
        "work again when it is back.",
        "无法连接后端。历史对话可以查看；后端恢复后即可继续提问和添加文件。",
    ),
    "status.failed_long": Phrase(
        "The model could not be loaded: {detail}", "模型加载失败：{detail}"
    ),
    "status.no_detail": Phrase("the backend's log says why.", "原因见后端日志。"),
    "phase.starting": Phrase("Starting", "正在启动"),
    "phase.loading": Phrase("Loading the model", "正在加载模型"),
    "phase.warming": Phrase("Warming up", "正在预热"),
    "phase.draining": Phrase("Shutting down", "正在关闭"),
    "phase.failed": Phrase("Model failed", "模型加载失败"),
    "phase.starting_long": Phrase("The backend is starting.", "后端正在启动。"),
    "phase.loading_long": Phrase("The model is being loaded.", "正在加载模型。"),
    "phase.warming_long": Phrase("The model is warming up.", "模型正在预热。"),
    "phase.draining_long": Phrase(
        "The backend is shutting down; running answers finish.",
        "后端正在关闭；进行中的回答会先完成。",
    ),
    "history.set_aside": Phrase(
        "The history could not be read: its file was damaged. It was set aside as {name}, and a "
        "new one was begun.",
        "历史记录文件已损坏，无法读取。原文件已另存为 {name}，并新建了历史记录。",
    ),
    "history.cannot_keep": Phrase(
        "Nothing can be saved at the moment: the disk is full, or another program holds the "
        "history. What was written is saved as soon as that is possible.",
        "暂时无法保存：磁盘已满，或历史记录被其他程序占用。已生成的内容会在恢复后立即保存。",
    ),
    "history.not_kept": Phrase(
        "This was not done: it could not be saved. Free some disk space, or try again in a moment.",
        "操作未执行：无法保存。请释放磁盘空间，或稍后重试。",
    ),
    "history.cannot_open": Phrase(
        "The history cannot be opened at the moment: the disk is full, or another program holds "
        "it. Nothing is lost.",
        "暂时无法打开历史记录：磁盘已满，或被其他程序占用。数据没有丢失。",
    ),
    "history.again": Phrase("Try again", "重试"),
    # Errors, by the code that the backend gives
    "error.unknown": Phrase("It did not work.", "操作未成功。"),
    "error.backend_unavailable": Phrase(
        "The backend cannot be reached at the moment.", "暂时无法连接后端。"
    ),
    "error.queue_full": Phrase(
        "Too many questions are waiting. Try again in a moment.", "等待的问题过多，请稍后重试。"
    ),
    "error.deadline_exceeded": Phrase("The time allowed ran out.", "超出允许的时间。"),
    "error.internal_error": Phrase(
        "Something went wrong inside the backend.", "后端内部出现错误。"
    ),
    "error.request_quarantined": Phrase(
        "The model's process died each time it was working on this lately, so it is not tried "
        "again for now. Put it differently, or wait ten minutes.",
        "最近几次模型进程都在处理此问题时崩溃，因此暂不重试。请换一种问法，或十分钟后再试。",
    ),
    "error.not_found": Phrase(
        "A file of this conversation is no longer stored. Remove it and add it again.",
        "本次对话的某个文件已不在后端，请移除后重新添加。",
    ),
    "error.file_gone": Phrase(
        "The file is no longer stored. Add it again.", "该文件已不在后端，请重新添加。"
    ),
    "error.model_not_found": Phrase("This model is not loaded.", "该模型未加载。"),
    "error.context_length_exceeded": Phrase(
        "Question, files and answer are too long together. Shorten the longest answer, ask in a "
        "new conversation, or remove a file.",
        "问题、文件与回答合计过长。请减小最大输出长度、新建对话或移除部分文件。",
    ),
    "error.too_large": Phrase("The file is larger than the limit.", "文件超过大小限制。"),
    "error.storage_unavailable": Phrase(
        "The file storage is full. Remove files that are no longer needed.",
        "文件存储空间已满，请移除不再需要的文件。",
    ),
    "error.history_unavailable": Phrase(
        "This could not be saved: the disk is full, or another program holds the history.",
        "无法保存：磁盘已满，或历史记录被其他程序占用。",
    ),
    "error.empty_file": Phrase("The file is empty.", "文件为空。"),
    "error.invalid_file": Phrase(
        "This is not a PDF or picture that can be read.", "无法识别：不是可读取的 PDF 或图片。"
    ),
    "error.invalid_image": Phrase("The picture is damaged.", "图片已损坏。"),
    "error.unsupported_image_format": Phrase(
        "Only PDF, PNG, JPEG, WEBP and GIF can be read.",
        "仅支持 PDF、PNG、JPEG、WEBP 和 GIF 文件。",
    ),
    "error.image_too_large": Phrase("The picture has too many pixels.", "图片像素过多。"),
    "error.image_aspect_ratio": Phrase("The picture is too long and narrow.", "图片长宽比过大。"),
    "error.old_version_failed": Phrase("The old version could not be read.", "旧版本未能读取。"),
    "error.pdf_encrypted": Phrase(
        "The PDF is locked with a password. Save a copy without one and add that.",
        "PDF 已加密。请另存为无密码的副本后再添加。",
    ),
    "error.pdf_no_pages": Phrase("The PDF has no pages.", "PDF 没有页面。"),
    "error.pdf_too_many_pages": Phrase("The PDF has too many pages.", "PDF 页数过多。"),
    "error.pdf_page_too_large": Phrase("A page of the PDF is too large.", "PDF 页面尺寸过大。"),
    "error.pdf_too_complex": Phrase(
        "The PDF takes too much memory to read.", "读取该 PDF 所需内存过多。"
    ),
    "error.pdf_timeout": Phrase("The PDF takes too long to read.", "读取该 PDF 耗时过长。"),
    "error.unauthenticated": Phrase(
        "The backend did not accept this service's token.", "后端未接受本服务的令牌。"
    ),
    **{key: Phrase(*both) for key, both in (ASK | WORK | MONITOR | HELP).items()},
}

# Codes that mean what another one means on the page.
_SAME: Final = {
    "unavailable": "backend_unavailable",
    "deadline": "deadline_exceeded",
    "internal": "internal_error",
    "request_too_large": "too_large",
    "invalid_api_key": "unauthenticated",
}


class Phrases:
    """The phrase book in one language."""

    def __init__(self, language: str) -> None:
        assert language in LANGUAGES
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """The sentence, with its values in place."""
        phrase = PHRASES[key]
        text = phrase.zh if self.language == "zh" else phrase.en
        if "|" in text:
            one, many = text.split("|")
            text = one if values.get("n") == 1 else many
        return text.format(**values) if values else text

    def error(self, code: str, message: str) -> str:
        """What to tell of an error. The backend's own English sentence knows more than ours."""
        key = f"error.{_SAME.get(code, code)}"
        if key in PHRASES and (self.language != "en" or not message):
            return self(key)
        return message or self("error.unknown")

    def size(self, count: int) -> str:
        """Bytes, as people say them."""
        for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
            if count >= size:
                number = count / size
                return f"{number:.0f} {unit}" if number >= 10 else f"{number:.1f} {unit}"
        return f"{count} B"


def guess(locale: str | None) -> str:
    """The language of a browser that did not choose one."""
    return "zh" if (locale or "").lower().startswith("zh") else "en"

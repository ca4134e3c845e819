"""Every sentence of the diagnosis, in English and Chinese; see `i18n`.

A finding has a sentence, and what is not good a remedy under the same name.
"""

from __future__ import annotations

from typing import Final

HELP: Final[dict[str, tuple[str, str]]] = {
    "help.hint": (
        "Each check is made now, against this installation. `python -m frontend.cli doctor` makes "
        "the same ones.",
        "以下每项检查都针对本系统即时进行。命令 `python -m frontend.cli doctor` 执行同样的检查。",
    ),
    "help.again": ("Check again", "重新检查"),
    "help.checking": ("Checking…", "正在检查…"),
    "help.well": ("Everything that was checked works.", "所有检查均正常。"),
    "help.ill": ("{n} thing does not work.|{n} things do not work.", "{n} 项有问题。"),
    "help.remedy": ("What helps", "处理办法"),
    "check.page": ("Page blank or refused?", "页面空白或无法打开？"),
    "check.backend": ("Backend down, 502?", "后端离线、502？"),
    "check.upload": ("Upload failed?", "上传失败？"),
    "check.memory": ("Out of memory?", "内存不足？"),
    "check.speed": ("First token slow?", "首词元缓慢？"),
    "grade.good": ("good", "正常"),
    "grade.poor": ("look at this", "请留意"),
    "grade.bad": ("does not work", "异常"),
    # The page
    "finding.page_good": (
        "{url} serves the page, its scripts and its websocket.",
        "{url} 正常提供页面、脚本与 websocket。",
    ),
    "finding.page_refused": (
        "Nothing listens at {address}: connection refused.",
        "{address} 无人监听：连接被拒绝。",
    ),
    "remedy.page_refused": (
        "Start it with scripts/start.sh. If it runs, compare HOST and PORT with the address; from "
        "other machines HOST=127.0.0.1 cannot be reached.",
        "用 scripts/start.sh 启动。若已运行，请核对 HOST 与 PORT；"
        "HOST=127.0.0.1 时其他机器无法访问。",
    ),
    "finding.page_unreachable": (
        "{url} cannot be reached: {reason}.",
        "无法连接 {url}：{reason}。",
    ),
    "remedy.page_unreachable": (
        "Check the name, the certificate and the firewall in between, and that the web process is "
        "not stuck: its log says what it does.",
        "请检查域名、证书和中间的防火墙，并查看网页进程的日志确认其未卡住。",
    ),
    "finding.page_host": (
        "The service does not answer to the name {host}.",
        "服务不接受主机名 {host}。",
    ),
    "remedy.page_host": (
        "Add it to ALLOWED_HOSTS and start again.",
        "将其加入 ALLOWED_HOSTS 后重新启动。",
    ),
    "finding.page_elsewhere": (
        "{url} leads to {where}: a sign-in or another address stands before the page.",
        "{url} 跳转到 {where}：页面之前有登录或另一地址。",
    ),
    "remedy.page_elsewhere": (
        "If that is meant, check the page from behind it: without --url, on its own machine.",
        "若属预期，请在本机不带 --url 再检查一次。",
    ),
    "finding.page_gateway": (
        "The proxy at {url} answers {status}: it does not reach the page.",
        "{url} 的代理返回 {status}：代理连接不到页面。",
    ),
    "remedy.page_gateway": (
        "Check that the web process runs and that the proxy asks for its HOST and PORT.",
        "请确认网页进程在运行，且代理指向其 HOST 与 PORT。",
    ),
    "finding.page_not_served": (
        "{url} answers {status} and no page.",
        "{url} 返回 {status}，没有页面。",
    ),
    "remedy.page_not_served": (
        "Another program may have this port, or the path is not BASE_PATH.",
        "该端口可能被其他程序占用，或路径与 BASE_PATH 不符。",
    ),
    "finding.page_assets": (
        "The page's scripts or styles are not served: {path} and {n} in all.",
        "页面的脚本或样式无法获取：{path} 等共 {n} 个。",
    ),
    "remedy.page_assets": (
        "A proxy must pass every path under the page's own on as it is; a proxy that serves the "
        "page under a path needs BASE_PATH set to it. Without a proxy, install again: delete .venv "
        "and start.",
        "代理须原样转发页面路径下的所有路径；若页面在子路径下，须设置 BASE_PATH。"
        "若无代理，请删除 .venv 后重新启动以重装。",
    ),
    "finding.page_websocket": (
        "The websocket is not opened (status {status}): the page stays empty.",
        "websocket 未能建立（状态 {status}）：页面将保持空白。",
    ),
    "remedy.page_websocket": (
        "A proxy must pass on Upgrade and Connection, and keep Host as the browser says it.",
        "代理须转发 Upgrade 与 Connection，并保留浏览器的 Host。",
    ),
    # The backend
    "finding.backend_good": (
        "The backend serves {model} on {device}.",
        "后端正在 {device} 上提供 {model}。",
    ),
    "finding.backend_away": (
        "No backend answers at {address}.",
        "{address} 没有后端应答。",
    ),
    "remedy.backend_away": (
        "If its process has ended, its log says why; scripts/start.sh starts both. If it runs "
        "elsewhere, set BACKEND_ADDRESS for both, and BACKEND_TLS_CA where it has a certificate.",
        "若后端进程已退出，原因见其日志；scripts/start.sh 可同时启动两者。"
        "若在别处运行，请为两端设置 BACKEND_ADDRESS；使用证书时还需 BACKEND_TLS_CA。",
    ),
    "finding.backend_silent": (
        "The backend at {address} took the call and did not answer in time.",
        "{address} 的后端接受了连接但未及时应答。",
    ),
    "remedy.backend_silent": (
        "It is overloaded or stuck: look at its log and at the machine's load, and start it again.",
        "后端过载或卡住：请查看日志与机器负载，并重新启动。",
    ),
    "finding.backend_token": (
        "The backend does not accept this service's token.",
        "后端未接受本服务的令牌。",
    ),
    "remedy.backend_token": (
        "Set BACKEND_TOKEN to the same value for both processes, and for this command.",
        "请为两个进程及本命令设置相同的 BACKEND_TOKEN。",
    ),
    "finding.backend_failed": (
        "The model could not be loaded. {detail}",
        "模型加载失败。{detail}",
    ),
    "remedy.backend_failed": (
        "Check MODEL and MODELS_DIR. If memory did not suffice: a smaller MAX_MODEL_LEN, "
        "MAX_RUNNING=1, QUANTIZATION, or MODEL=embedded.",
        "请检查 MODEL 与 MODELS_DIR。若内存不足：减小 MAX_MODEL_LEN、设 MAX_RUNNING=1、"
        "使用 QUANTIZATION，或 MODEL=embedded。",
    ),
    "finding.backend_starting": (
        "The backend is not ready yet. {detail}",
        "后端尚未就绪。{detail}",
    ),
    "remedy.backend_starting": (
        "Wait, and check again; a large model takes minutes.",
        "请稍候再检查；大模型需要数分钟。",
    ),
    "finding.backend_draining": ("The backend is shutting down.", "后端正在关闭。"),
    "remedy.backend_draining": (
        "Start it again with scripts/start.sh.",
        "请用 scripts/start.sh 重新启动。",
    ),
    # Files
    "finding.upload_good": (
        "A small document was stored, read and erased. PDFs may have {document}, pictures {image}.",
        "已成功保存、读取并删除一个小文档。PDF 上限 {document}，图片上限 {image}。",
    ),
    "finding.upload_quota_full": (
        "The file store is full: {used} of {most}.",
        "文件存储已满：{used} / {most}。",
    ),
    "remedy.upload_quota_full": (
        "Forget documents that are no longer needed, or raise MEDIA_QUOTA_GB.",
        "请删除不再需要的文件，或调大 MEDIA_QUOTA_GB。",
    ),
    "finding.upload_quota_nearly": (
        "The file store is nearly full: {used} of {most}.",
        "文件存储即将用尽：{used} / {most}。",
    ),
    "remedy.upload_quota_nearly": (
        "Forget documents that are no longer needed, or raise MEDIA_QUOTA_GB.",
        "请删除不再需要的文件，或调大 MEDIA_QUOTA_GB。",
    ),
    "finding.upload_disk": (
        "The disk of the file store has {free} left.",
        "文件存储所在磁盘仅剩 {free}。",
    ),
    "remedy.upload_disk": (
        "Make room there, or move DATA_DIR to a larger disk.",
        "请清理磁盘，或将 DATA_DIR 移到更大的磁盘。",
    ),
    "finding.upload_history_disk": (
        "The disk of the history has {free} left.",
        "历史记录所在磁盘仅剩 {free}。",
    ),
    "remedy.upload_history_disk": (
        "Make room there, or move DATA_DIR to a larger disk.",
        "请清理磁盘，或将 DATA_DIR 移到更大的磁盘。",
    ),
    "finding.upload_history_closed": (
        "The data folder {folder} cannot be written to.",
        "数据目录 {folder} 不可写。",
    ),
    "remedy.upload_history_closed": (
        "Give it to the user that the service runs as, or set DATA_DIR.",
        "请将其授权给运行服务的用户，或设置 DATA_DIR。",
    ),
    "finding.upload_refused": (
        "A small document was not taken: {detail}",
        "小文档未被接收：{detail}",
    ),
    "remedy.upload_refused": (
        "Look at the disk, MEDIA_QUOTA_GB and the rights of DATA_DIR; the backend's log has the "
        "reason.",
        "请检查磁盘、MEDIA_QUOTA_GB 与 DATA_DIR 的权限；原因见后端日志。",
    ),
    "finding.upload_unread": (
        "A small document was stored, but could not be read. {detail}",
        "小文档已保存，但无法读取。{detail}",
    ),
    "remedy.upload_unread": (
        "The processes that open files fail: look at the backend's log and at free memory, and "
        "start the backend again.",
        "负责打开文件的进程出错：请查看后端日志与可用内存，并重新启动后端。",
    ),
    # Memory
    "finding.memory_good": (
        "The backend takes {taken}; the machine has {left} left.",
        "后端占用 {taken}，本机剩余 {left}。",
    ),
    "finding.memory_machine": (
        "The machine has only {left} of memory left; the backend takes {taken}.",
        "本机内存仅剩 {left}；后端占用 {taken}。",
    ),
    "remedy.memory_machine": (
        "End other programs, set MAX_RUNNING=1, or lower MAX_MODEL_LEN and ANSWER_CACHE_MB.",
        "请结束其他程序、设 MAX_RUNNING=1，或减小 MAX_MODEL_LEN 与 ANSWER_CACHE_MB。",
    ),
    "finding.memory_blocks": (
        "{n} answer was sent back to the queue for want of room for its tokens.|"
        "{n} answers were sent back to the queue for want of room for their tokens.",
        "{n} 个回答因词元空间不足被退回队列。",
    ),
    "remedy.memory_blocks": (
        "Lower MAX_RUNNING, or give the model more memory (MODEL_MEMORY_GB, QUANTIZATION).",
        "请减小 MAX_RUNNING，或给模型更多内存（MODEL_MEMORY_GB、QUANTIZATION）。",
    ),
    # Speed
    "finding.speed_good": (
        "A question of one word had its first token after {seconds:.2f} s.",
        "单词提问的首词元用时 {seconds:.2f} 秒。",
    ),
    "finding.speed_slow": (
        "A question of one word had its first token only after {seconds:.1f} s.",
        "单词提问的首词元用时长达 {seconds:.1f} 秒。",
    ),
    "remedy.speed_slow": (
        "Look at Monitor: other requests or other programs take the processor. What else was "
        "found is below.",
        "请查看“监控”：可能有其他请求或程序占用处理器。其他发现见下。",
    ),
    "finding.speed_no_answer": (
        "A question of one word got no answer: {detail}",
        "单词提问没有得到回答：{detail}",
    ),
    "remedy.speed_no_answer": (
        "The sentence above says why; the backend's log says more. Want of memory: MAX_RUNNING=1, "
        "a smaller MAX_MODEL_LEN, QUANTIZATION.",
        "原因见上句，详情见后端日志。若内存不足：MAX_RUNNING=1、减小 MAX_MODEL_LEN、"
        "使用 QUANTIZATION。",
    ),
    "finding.speed_queue": (
        "{n} request waits, {running} are computed.|{n} requests wait, {running} are computed.",
        "{n} 个请求排队，{running} 个计算中。",
    ),
    "remedy.speed_queue": (
        "Wait, raise MAX_RUNNING where memory allows, or bound callers with KEY_AT_ONCE and "
        "OWNER_AT_ONCE.",
        "请稍候；内存允许时调大 MAX_RUNNING，或用 KEY_AT_ONCE、OWNER_AT_ONCE 限制调用方。",
    ),
    "finding.speed_device": (
        "{model} is computed by the processor, which is slow for a model of its size.",
        "{model} 由 CPU 计算，对该规模的模型较慢。",
    ),
    "remedy.speed_device": (
        "Use a machine with a GPU (DEVICE_MAP=cuda, a CUDA build of torch), or MODEL=embedded.",
        "请使用带 GPU 的机器（DEVICE_MAP=cuda、CUDA 版 torch），或 MODEL=embedded。",
    ),
    "finding.speed_threads": (
        "{threads} threads compute on {cores} cores.",
        "{cores} 个核心上有 {threads} 个计算线程。",
    ),
    "remedy.speed_threads": (
        "Unset NUM_THREADS: as many threads as cores are the fastest.",
        "请取消 NUM_THREADS：线程数等于核心数时最快。",
    ),
    "finding.speed_cache": (
        "Only {share:.0%} of prompt tokens were known: the cache is pushed out before it is used.",
        "仅有 {share:.0%} 的提示词元命中：缓存在使用前即被淘汰。",
    ),
    "remedy.speed_cache": (
        "Give the model more memory (MODEL_MEMORY_GB), lower MAX_RUNNING, and put the document "
        "before the question.",
        "请给模型更多内存（MODEL_MEMORY_GB）、减小 MAX_RUNNING，并把文档放在问题之前。",
    ),
}

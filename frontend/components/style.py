"""The page's shape, and in its language the words that Streamlit has in English only."""

from __future__ import annotations

import json
from string import Template

import streamlit as st

from frontend.i18n import Phrases
from frontend.messages import Limits

_CSS = Template("""
/* Frame: nothing scrolls but the conversation, the panel and the sidebar. */
[data-testid=stHeader], [data-testid=stAppHeader] { background: transparent; pointer-events: none; }
[data-testid=stHeader] button { pointer-events: auto; }
[data-testid=stMainBlockContainer] { padding: 1.1rem 1.6rem 0.6rem 1.6rem; max-width: 100rem; }
[data-testid=stMainBlockContainer] > [data-testid=stVerticalBlock] { gap: 0; }
[data-testid=stElementContainer]:has(> [data-testid=stHtml] > style) { display: none; }
h2, .title { font-size: 0.95rem; font-weight: 650; margin: 0; padding: 0; line-height: 1.5; }
.title { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.st-key-head { min-height: 2rem; flex-wrap: nowrap; }
.st-key-panel h2 { line-height: 2rem; }
.st-key-export button { min-height: 2rem; height: 2rem; padding: 0 0.4rem; }
.st-key-export button p { font-size: 0.86rem; }
.st-key-head > :first-child { min-width: 0; flex: 1 1 auto; }
.st-key-head > :last-child { flex: 0 0 auto; width: auto !important; }

/* Conversation: takes the height that is left. */
[data-testid=stMain] [data-testid=stColumn]:has(.st-key-history) > [data-testid=stVerticalBlock] {
  height: calc(100dvh - 1.7rem); gap: 0.6rem; flex-wrap: nowrap; }
[data-testid=stLayoutWrapper]:has(> .st-key-history) { flex: 1 1 0 !important;
  height: auto !important; min-height: 8rem; }
.st-key-history { height: 100% !important; padding: 0 0.4rem 0 0; }
.st-key-history > * { width: 100%; max-width: 52rem; margin-inline: auto; }
.st-key-beginning { padding-top: 18vh; text-align: center; }
.st-key-beginning [data-testid=stMarkdown], .st-key-beginning [data-testid=stMarkdown] * {
  text-align: center; justify-content: center; }
.st-key-beginning h3 { font-size: 1.4rem; padding: 0; }
.st-key-beginning [data-testid=stHeaderActionElements] { display: none; }
[data-testid=stChatMessage] { padding: 0.7rem 0.9rem; gap: 0.8rem; }
[data-testid=stChatMessage] [data-testid=stChatMessageAvatarCustom] {
  width: 1.8rem; height: 1.8rem; border: none; background: transparent; opacity: 0.6; }
.sent { display: flex; flex-wrap: wrap; gap: 0.35rem; }
.sent span { border: 1px solid var(--line); border-radius: 0.4rem; padding: 0.05rem 0.5rem;
  font-size: 0.8rem; opacity: 0.9; overflow-wrap: anywhere; }
.sent .gone { text-decoration: line-through; opacity: 0.55; }
[data-testid=stChatMessage] :is(h1, h2, h3, h4, h5, h6) { font-size: 1.05rem; font-weight: 650;
  padding: 0.6rem 0 0.2rem; }
[data-testid=stChatMessage] :is(h1, h2) { font-size: 1.15rem; }
[data-testid=stChatMessage] table { display: block; width: max-content; max-width: 100%;
  overflow-x: auto; }
[data-testid=stChatMessage] th { white-space: nowrap; }
[data-testid=stChatMessage] td { min-width: 5rem; }
.receipt { font-size: 0.78rem; }
.receipt summary { cursor: pointer; opacity: 0.75; border-radius: 0.3rem; }
.receipt summary:hover { opacity: 1; }
.receipt summary:focus-visible { outline: 2px solid; outline-offset: 2px; }
.receipt dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1rem;
  margin: 0.5rem 0 0.3rem; padding: 0.6rem 0.8rem; border: 1px solid var(--line);
  border-radius: 0.5rem; }
.receipt :is(dt, dd) { font-size: 0.78rem; line-height: 1.5; }
.receipt dt { opacity: 0.7; }
.receipt dd { margin: 0; overflow-wrap: anywhere; white-space: pre-line; }
[class*=st-key-actions-] { min-height: 1.75rem; margin: -0.5rem 0 -0.3rem -0.4rem; }
[class*=st-key-actions-] > * { flex: none; width: auto !important; }
[class*=st-key-actions-] [data-testid=stBaseButton-tertiary] { min-height: 1.75rem; height: 1.75rem;
  padding: 0 0.35rem; opacity: 0.65; }
[class*=st-key-actions-] [data-testid=stBaseButton-tertiary]:is(:hover, :focus-visible) {
  opacity: 1; }
[class*=st-key-actions-] [data-testid=stBaseButton-tertiary]:disabled { opacity: 0.3; }
[class*=st-key-actions-] [data-testid=stBaseButton-tertiary] p { font-size: 0.78rem; }
[class*=st-key-actions-] [data-testid=stBaseButton-secondary] { min-height: 2rem; }
[class*=st-key-replayed-] p { font-size: 0.8rem; }

/* A question: what went with it, its words, and a pencil that shows when it is wanted. */
[class*=st-key-asked-] { flex-wrap: nowrap; align-items: flex-start; }
[class*=st-key-asked-] > :first-child { flex: 1 1 0; min-width: 0; overflow-wrap: anywhere; }
[class*=st-key-edit-] { flex: none; width: auto !important; }
[class*=st-key-edit-] button { min-height: 1.75rem; height: 1.75rem; padding: 0 0.35rem;
  opacity: 0.65; }
[class*=st-key-edit-] button:is(:hover, :focus-visible) { opacity: 1; }
[class*=st-key-edit-] button:disabled { opacity: 0.2; }
[class*=st-key-sent-] > * { max-width: 100%; }
[class*=st-key-look-] button { min-height: 1.7rem; height: 1.7rem; padding: 0 0.6rem;
  max-width: 100%; }
[class*=st-key-look-] button p { font-size: 0.8rem; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
[class*=st-key-pictures-] img { width: auto !important; max-width: 100%; max-height: 11rem;
  border-radius: 0.4rem; border: 1px solid var(--line); }
[class*=st-key-places-] img { width: auto !important; max-width: 100%; max-height: 28rem;
  border: 1px solid var(--line); border-radius: 0.4rem; }

/* What an answer or the backend is doing. */
.stApp { --line: rgba(127, 140, 165, 0.3); --quiet: light-dark(#5b6475, #a3acbd); }
[data-testid=stCaptionContainer] { color: var(--quiet) !important; opacity: 1 !important; }
.stApp [data-testid^=stBaseButton-primary]:not(:disabled) { color: light-dark(#ffffff, #0f131b); }
.stApp kbd { color: var(--quiet) !important; opacity: 1 !important; }
.stApp :is(button, a, summary, [role=radio], [role=slider], [tabindex="0"]):focus-visible {
  outline: 2px solid light-dark(#1f5fd0, #6f9cff) !important; outline-offset: 1px; }
.phase, .backend { display: flex; align-items: center; gap: 0.5rem; font-size: 0.82rem; }
.phase { opacity: 0.75; }
.phase span { opacity: 0.65; font-variant-numeric: tabular-nums; }
.phase i { flex: none; width: 0.7rem; height: 0.7rem; border-radius: 50%; border: 2px solid;
  border-right-color: transparent; animation: turn 0.9s linear infinite; }
@keyframes turn { to { transform: rotate(1turn); } }
.backend { border: 1px solid var(--line); border-radius: 1rem; padding: 0.1rem 0.7rem;
  white-space: nowrap; }
.backend i { width: 0.5rem; height: 0.5rem; border-radius: 50%; background: #2e9e5b; }
.backend.amber i { background: #d99213; }
.backend.red i { background: #d64545; }

/* Composer, with Stop where Send is while an answer is being written. */
.st-key-composer { position: relative; gap: 0; }
[data-testid=stLayoutWrapper]:has(> .st-key-composer) { flex: none; }
.st-key-composer > * { width: 100%; max-width: 52rem; margin-inline: auto; }
.st-key-composer [data-testid=stLayoutWrapper]:has(.st-key-stop) { height: 0; }
.st-key-stop { position: relative; height: 0; }
.st-key-stop-button { position: absolute; right: 0.75rem; bottom: 0.75rem; width: auto !important; }
.st-key-stop-button button { min-height: 2.1rem; padding: 0 0.8rem; }

/* A way to add files from there, and those that go with the next question. */
.st-key-attach { position: relative; height: 0; }
[data-testid=stLayoutWrapper]:has(> .st-key-attach) { height: 0; }
.st-key-dropzone-opener { position: absolute; left: 0.6rem; bottom: 0.75rem;
  width: auto !important; }
.st-key-dropzone-opener button { min-height: 2.1rem; width: 2.1rem; padding: 0; opacity: 0.75; }
.st-key-dropzone-opener button:is(:hover, :focus-visible) { opacity: 1; }
.st-key-dropzone-opener [data-testid=stMarkdownContainer] { position: absolute; width: 1px;
  height: 1px; overflow: hidden; clip-path: inset(50%); }
.st-key-dropzone-opener[data-busy] [data-testid=stIconMaterial] { visibility: hidden; }
.st-key-dropzone-opener[data-busy] button::after { content: ""; position: absolute; width: 0.9rem;
  height: 0.9rem; border: 2px solid; border-right-color: transparent; border-radius: 50%;
  animation: turn 0.9s linear infinite; }
.st-key-composer:has(.st-key-attach) [data-testid=stChatInputTextArea] { padding-left: 2.1rem; }
.st-key-composer .sent { padding: 0 0.2rem 0.4rem; }

/* Panel: stays while the conversation scrolls, and scrolls itself before anything in it shrinks. */
@media (min-width: 641px) {
  [data-testid=stMain] [data-testid=stHorizontalBlock]:has(.st-key-panel) { flex-wrap: nowrap; }
  [data-testid=stMain] [data-testid=stColumn]:has(.st-key-panel) { min-width: 15.5rem; }
}
.st-key-panel > * { flex: none; }
[class*=st-key-p-preset-] button { padding-inline: 0.3rem; }
.st-key-panel { max-height: calc(100dvh - 1.7rem); overflow-y: auto; overflow-x: hidden;
  border-left: 1px solid var(--line); padding-left: 1.2rem; gap: 0.75rem; }
.st-key-about { border-top: 1px solid var(--line); padding-top: 0.8rem; gap: 0.35rem; }
.st-key-about p { font-size: 0.8rem; }

/* Sidebar. */
[data-testid=stSidebarHeader] { height: 0; min-height: 0; padding: 0; margin: 0; overflow: visible;
  position: absolute; right: 0.5rem; top: 2.2rem; z-index: 2; }
[data-testid=stSidebarUserContent] { padding: 1rem 0 1.5rem; }
[data-testid=stSidebar] [data-testid=stVerticalBlock] { gap: 0.6rem; }
.st-key-masthead { flex-wrap: nowrap; padding-right: 1.4rem; }
.st-key-masthead > :first-child { flex: 1 1 auto; }
.name { font-weight: 700; font-size: 1.05rem; white-space: nowrap; }
[data-testid=stSidebar] h2 { margin-top: 0.5rem; }
[data-testid=stSidebar] [data-testid=stAlert] p { font-size: 0.82rem; overflow-wrap: anywhere; }
[data-testid=stSidebar] [data-testid=stAlertContainer] { padding: 0.6rem 0.7rem; }
[class*=st-key-file-] { position: relative; flex-wrap: nowrap; gap: 0.7rem !important;
  border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.4rem 0.3rem 0.4rem 0.5rem; }
[class*=st-key-file-]:hover { border-color: currentColor; }
[class*=st-key-file-] > [data-testid=stElementContainer]:has([data-testid=stMarkdown]):not(
  [class*=st-key-]) { flex: 1 1 0; min-width: 0; width: auto !important; }
[class*=st-key-file-] p { font-size: 0.8rem; line-height: 1.35; overflow: hidden;
  text-overflow: ellipsis; }
[class*=st-key-file-] p strong { display: block; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
[class*=st-key-file-] p br { display: none; }
[class*=st-key-file-] [data-testid=stImage] img { max-height: 3.4rem; object-fit: cover;
  object-position: top; border: 1px solid var(--line); border-radius: 0.2rem; }
[class*=st-key-open-] { position: absolute !important; inset: 0; width: 100% !important; }
[class*=st-key-open-] * { width: 100%; height: 100%; }
[class*=st-key-open-] button { opacity: 0; }
[class*=st-key-open-] button:focus-visible { opacity: 1; outline: 2px solid; }
[class*=st-key-open-] button:focus-visible p { visibility: hidden; }
[class*=st-key-do-] { position: relative; z-index: 1; flex: none; width: auto !important; }
.no-picture { width: 44px; height: 56px; border-radius: 0.2rem; background: var(--line); }
.st-key-conversations { gap: 0.1rem !important; }
.st-key-conversations [data-testid=stCaptionContainer] p { font-size: 0.76rem; line-height: 1.35;
  padding: 0 0.5rem 0.3rem; overflow-wrap: anywhere; }
.st-key-conversations .age { font-size: 0.74rem; font-weight: 550; color: var(--quiet); margin: 0;
  padding: 0.5rem 0.4rem 0.1rem; line-height: 1.4; }
.st-key-search { margin-bottom: 0.1rem; }
.st-key-conversations button { padding: 0.15rem 0.4rem; min-height: 2rem; font-size: 0.86rem; }
.st-key-conversations [class*=st-key-chat-] button, .st-key-conversations [class*=st-key-chat-]
  button > div, .st-key-conversations [class*=st-key-chat-] button > div > span {
  justify-content: flex-start; width: 100%; }
.st-key-conversations [class*=st-key-chat-] button * { overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; text-align: left; }
.st-key-conversations [class*=st-key-chat-] { flex: 1 1 0; min-width: 0; }
.st-key-conversations [class*=st-key-menu-] { flex: none; width: auto !important; }
[class*=st-key-here-], [class*=st-key-there-] { border-radius: 0.5rem; flex-wrap: nowrap; }
[class*=st-key-here-] { background: rgba(127, 140, 165, 0.18); }
[data-testid=stMenuButtonButton] > div > div[aria-hidden=true] { display: none; }
.st-key-conversations [class*=st-key-menu-] button { opacity: 0.65; }
.st-key-conversations [class*=st-key-menu-] button:is(:hover, :focus-visible) { opacity: 1; }

/* The uploader's own words, in the page's language and with the true limits. */
[data-testid=stFileUploaderDropzone] { padding: 0.8rem; flex-wrap: wrap; gap: 0.5rem; }
[data-testid=stFileUploaderDropzone] > span { width: 100%; }
[data-testid=stFileUploaderDropzone] > span > button { width: 100%; justify-content: center; }
[data-testid=stFileUploaderDropzone] > span > button > div { position: absolute; width: 1px;
  height: 1px; overflow: hidden; clip-path: inset(50%); }
[data-testid=stFileUploaderDropzone] > span > button::after { content: $choose; font-size: 0.9rem; }
[data-testid=stFileUploaderDropzone]:has([aria-invalid=true])::after { content: $too_large;
  font-size: 0.8rem; color: #d64545; width: 100%; }
[data-testid=stFileUploaderDropzone] > :has(> [data-testid=stFileChips]) { width: 100%; }
[data-testid=stFileUploaderDropzone] [data-testid=stFileChips] { max-height: 16rem; }
[data-testid=stFileChips] > [data-testid=stBaseButton-borderlessIcon] { flex: 1 0 100%;
  position: sticky; bottom: 0; width: 100%; min-height: 2.25rem; gap: 0.4rem;
  justify-content: center; border: 1px solid var(--line); border-radius: 0.5rem;
  background: light-dark(#f4f6fa, #181e2a); }
[data-testid=stFileChips] > [data-testid=stBaseButton-borderlessIcon] > div { flex: none;
  width: auto; }
[data-testid=stFileChips] > [data-testid=stBaseButton-borderlessIcon]::after {
  content: $choose_more; font-size: 0.9rem; white-space: nowrap; }
[data-testid=stFileUploaderDropzoneInstructions] * { font-size: 0 !important; }
[data-testid=stFileUploaderDropzoneInstructions]::after { content: $limits; font-size: 0.76rem;
  opacity: 0.7; line-height: 1.4; }

/* The words of lists that are searched. */
[role=option][data-key^="__select"] > *, [role=listbox][data-empty] [role=option] > span {
  font-size: 0; }
[role=option][data-key^="__select"] > *::after { content: $select_all; font-size: 0.9rem; }
[role=listbox][data-empty] [role=option] > span::after { content: $no_match; font-size: 0.9rem; }

/* Files that hover over the page, to be dropped anywhere. */
.files-over [data-testid=stMain]::after { content: $drop; position: fixed; inset: 0.75rem;
  z-index: 1000; display: grid; place-items: center; font-size: 1.2rem; font-weight: 650;
  border: 2px dashed; border-radius: 0.8rem; pointer-events: none;
  color: light-dark(#1f5fd0, #8fb4ff); background: light-dark(#ffffffe0, #0e1117e0); }

/* Beside the uses: how the place is doing. */
.st-key-place { margin-top: -0.45rem; }
.st-key-place > * { flex: none; width: auto !important; }
.st-key-place button { padding: 0.15rem 0.5rem; min-height: 2rem; font-size: 0.86rem; }
[class*=st-key-place-here-] button { background: rgba(127, 140, 165, 0.18); }

/* Signing in. */
.st-key-sign-in { padding-top: 22vh; text-align: center; gap: 1rem; }
.st-key-sign-in .title { font-size: 1.4rem; white-space: normal; }
.st-key-sign-in [data-testid=stMarkdown] p { text-align: center; }
.st-key-visitor { flex-wrap: nowrap; border-top: 1px solid var(--line); padding-top: 0.4rem; }
.st-key-visitor > :first-child { min-width: 0; flex: 1 1 auto; }
.st-key-visitor > :last-child { flex: 0 0 auto; width: auto !important; }
.visitor { font-size: 0.82rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }

/* Buttons that show an icon alone are named for those who hear the page. */
:is([class*=st-key-edit-], [class*=st-key-do-], [class*=st-key-menu-], .st-key-again) button:not(
  [kind=secondary]) [data-testid=stMarkdownContainer] { position: absolute; width: 1px;
  height: 1px; overflow: hidden; clip-path: inset(50%); }

/* A phone: conversation first, and below it the parameters, whose heading can just be seen. */
@media (max-width: 640px) {
  [data-testid=stMainBlockContainer] { padding: 0.85rem 0.8rem; }
  [data-testid=stMain] [data-testid=stColumn]:has(.st-key-history) > [data-testid=stVerticalBlock] {
    height: calc(100dvh - 4rem); }
  [data-testid=stHorizontalBlock]:has(> [data-testid=stColumn] .st-key-history) { gap: 0.3rem; }
  .st-key-head { padding-left: 2.4rem; gap: 0.4rem !important; }
  [data-testid=stChatMessage] { padding: 0.6rem 0.7rem; }
  [data-testid=stChatMessageAvatarCustom], .stApp kbd { display: none !important; }
  [data-testid=stChatMessage] td { min-width: 7rem; }
  .st-key-export button p { position: absolute; width: 1px; overflow: hidden;
    clip-path: inset(50%); }
  .receipt dl { grid-template-columns: 1fr; gap: 0; }
  .receipt dd { margin-bottom: 0.35rem; }
  .st-key-panel { border-left: none; padding-left: 0; max-height: none; }
}
""")


def apply(say: Phrases, limits: Limits | None) -> None:
    """Puts the style on the page, with the limits of files as far as they are known."""
    told = too_large = ""
    if limits is not None:
        document, image = say.size(limits.document_bytes), say.size(limits.image_bytes)
        told = say("files.limits", document=document, image=image)
        too_large = say("files.too_large", document=document)
    css = _CSS.substitute(
        choose=_string(say("files.choose")),
        choose_more=_string(say("files.choose_more")),
        drop=_string(say("files.drop_here")),
        limits=_string(told),
        too_large=_string(too_large),
        select_all=_string(say("known.all")),
        no_match=_string(say("known.none")),
    )
    st.html(f"<style>{css}</style>")


def _string(text: str) -> str:
    """As a CSS string: JSON's quoting is CSS's for what phrases contain."""
    return json.dumps(text, ensure_ascii=False)

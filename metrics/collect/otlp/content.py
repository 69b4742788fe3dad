"""What people wrote and models answered: it is not kept unless somebody says so.

Every tracer has names of its own for prompts and completions. Those known are dropped by their names; of others, all
whose name ends as such names do. That costs an attribute where it is wrong, and nobody's words where it is right.
"""

import re
from functools import lru_cache
from hashlib import sha256
from typing import Literal

import orjson

Content = Literal["drop", "hash", "keep"]
"""`drop`: nothing of it is kept. `hash`: a fingerprint, so that equal texts can be told. `keep`: all of it."""
DROPPED = "\x1fcontent"
"""What stands for content that is dropped while it is not yet known what it is part of: no sender can mean it."""
LONGEST_KEY = 256
"""Characters of the name of an attribute that are kept."""
_FAMILIES = (
    # OpenTelemetry: current, then older names (indexed by OpenLLMetry); of these only roles and reasons are none
    r"gen_ai\.(?:input|output)\.messages",
    r"gen_ai\.system_instructions",
    r"gen_ai\.tool\.(?:definitions|description|call\.(?:arguments|result))",
    r"gen_ai\.(?:retrieval|memory)\..*",
    r"gen_ai\.evaluation\.explanation",
    r"gen_ai\.(?:prompt|completion)(?:\.\d+\.(?!(?:role|finish_reason)$).*)?",
    r"gen_ai\.(?:event\.)?content",
    r"gen_ai\.request\.structured_output_schema",
    # OpenLLMetry
    r"traceloop\.entity\.(?:input|output)",
    r"traceloop\.prompt\..*",
    r"llm\.(?:prompts|completions|request\.functions)(?:\..*)?",
    r"llm\.content\..*",
    # OpenInference
    r"(?:input|output)\.value",
    r"llm\.(?:input_messages|output_messages|choices|tools|function_call|invocation_parameters)(?:\..*)?",
    r"llm\.prompt_template\.(?:template|variables)",
    r"(?:embedding|retrieval|reranker|document|message|message_content|image|audio|tool_call)\.(?!model_name$).*",
    r"tool\.(?:parameters|json_schema|description|output|result)",
    # Vercel's AI SDK
    r"ai\.(?:prompt|request\.(?:messages|body)|schema|values?|embeddings?|documents|ranking)(?:\..*)?",
    r"ai\.(?:response|result)\.(?:text|object|reasoning|toolcalls|files|sources|messages|content|body)(?:\..*)?",
    r"ai\.toolcall\.(?:args|input|output|result)",
    # Langfuse, Logfire and Pydantic AI
    r"langfuse\.(?:observation|trace)\.(?:input|output)(?:\..*)?",
    r"(?:pydantic_ai\.)?(?:all_messages|all_messages_events|new_messages|final_result)",
    r"(?:request_data|response_data|events|combined_chunk_content|tool_arguments|tool_response)",
    r"(?:model_request_parameters|agent_description|logfire\.(?:msg|json_schema))",
    # MLflow, AgentOps, Laminar, Braintrust, LangSmith, Haystack
    r"mlflow\.span(?:inputs|outputs)",
    r"(?:agentops|lmnr|braintrust|langsmith|haystack)\..*\b(?:inputs?|outputs?|expected)(?:_json)?(?:\..*)?",
    r"braintrust\.(?:inputs?|outputs?|expected)(?:_json)?",
)
_ENDS = (
    "content|contents|input|inputs|output|outputs|prompt|prompts|completion|completions|messages|arguments|instructions|"
    "system_prompt|user_prompt|query_text|answer|transcript|request_body|response_body"
)
_KNOWN = re.compile("|".join(_FAMILIES), re.IGNORECASE)
_LIKELY = re.compile(rf"(?:.*[._])?(?:{_ENDS})", re.IGNORECASE)
_PLAIN = re.compile(r"(?:.*[._])?(?:tokens?|usage|cost|count|usage_details|cost_details|model)[._].*", re.IGNORECASE)
"""Numbers that are named for what they count: `usage.input`, `tokens.output`, `cost_details.input`."""


@lru_cache(maxsize=8192)
def is_content(name: str) -> bool:
    """Whether an attribute of this name holds what people or models wrote."""
    if _KNOWN.fullmatch(name):
        return True
    return _LIKELY.fullmatch(name) is not None and _PLAIN.fullmatch(name) is None


MESSAGE = frozenset(("message", "content", "tool_calls"))
"""Attributes that hold the message of an event that is one."""


def is_event_of_content(name: str | None) -> bool:
    """Whether the body of an event of this name is a message: `gen_ai.user.message`, `gen_ai.choice`."""
    return name is not None and name.startswith("gen_ai.")


PARAMETERS = "llm.invocation_parameters"
"""What a call was asked with, in OpenInference: its prompts, perhaps, and of a call that failed the only model."""


def kept_of(name: str, text: str, content: Content) -> str:
    """What is kept of an attribute."""
    if not is_content(name):
        return text
    if name == PARAMETERS and content != "keep":
        try:
            model = orjson.loads(text)["model"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            model = None
        if isinstance(model, str):
            return orjson.dumps({"model": model}).decode()
    return kept(text, content)


def kept(text: str, content: Content) -> str:
    """What is kept of a text that is content."""
    if content == "keep":
        return text
    if content == "drop":
        return DROPPED
    return f"sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"

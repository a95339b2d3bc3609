"""Reads folders of labelled traces: spans as steps of agents, labels, and what the engine says of them.

Each folder holds spans-*.jsonl[.gz] (OTLP JSON lines), labels.jsonl[.gz] and, where there are any, outcomes.jsonl[.gz].
"""
import collections
import glob
import gzip
import json
import os
import subprocess

LEVELS = {"info": 0, "warning": 1, "critical": 2}

# kind: tool (a tool call), message (between agents), prompt (of a person), chat (a model's answer).
Step = collections.namedtuple("Step", "kind name arguments result error start end agent span")


def lines(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt") as file:
        for line in file:
            yield json.loads(line)


def folders(data):
    """Name and path of every data set in a folder of data sets."""
    for folder in sorted(glob.glob(os.path.join(data, "*/"))):
        if glob.glob(os.path.join(folder, "spans-*")):
            yield os.path.basename(folder.rstrip("/")), folder


def span_files(folder):
    return sorted(glob.glob(os.path.join(folder, "spans-*.jsonl*")))


def records(folder, name):
    for path in glob.glob(os.path.join(folder, f"{name}.jsonl*")):
        yield from lines(path)


def value(wrapped):
    for kind, content in wrapped.items():
        return int(content) if kind == "intValue" else content
    return None


def canonical(text):
    """Arguments without the order of their keys; None when there are none."""
    if not isinstance(text, str):
        return json.dumps(text, sort_keys=True) if text is not None else None
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return text


def step(span):
    """The step that a span is, or None for spans that are none (roots)."""
    fields = {item["key"]: value(item["value"]) for item in span.get("attributes", [])}
    operation = fields.get("gen_ai.operation.name")
    error = fields.get("error.type") if fields.get("error.type") or span.get("status", {}).get("code") == 2 else None
    if error is None and span.get("status", {}).get("code") == 2:
        error = "error"
    agent = fields.get("gen_ai.agent.id") or fields.get("gen_ai.agent.name") or ""
    common = dict(error=error, start=int(span["startTimeUnixNano"]), end=int(span["endTimeUnixNano"]), agent=agent, span=span["spanId"])
    if operation == "execute_tool":
        return Step("tool", fields.get("gen_ai.tool.name", ""), canonical(fields.get("gen_ai.tool.call.arguments")),
                    fields.get("gen_ai.tool.call.result"), **common)
    if operation == "chat":
        return Step("chat", fields.get("gen_ai.request.model", ""), None, None, **common)
    sender = fields.get("kilter.sender.name")
    if operation == "invoke_agent" and sender:
        digest = fields.get("kilter.message.sha256") or fields.get("kilter.message.text")
        kind = "prompt" if sender.lower() in ("user", "human") else "message"
        return Step(kind, (sender, fields.get("gen_ai.agent.name", "")), digest, None, **common)
    return None


def runs(folder):
    """Trace id and steps, in the order of their ends, of every trace."""
    for path in span_files(folder):
        for request in lines(path):
            traces = collections.defaultdict(list)
            for resource in request.get("resourceSpans", []):
                for scope in resource.get("scopeSpans", []):
                    for span in scope.get("spans", []):
                        traces[span["traceId"]].append(span)
            for trace, spans in traces.items():
                yield trace, [found for found in map(step, spans) if found]


def labels_by_run(folder):
    """Kinds of every labelled run, a pair of trace and conversation."""
    kinds = collections.defaultdict(set)
    for label in records(folder, "labels"):
        kinds[(label["trace_id"], label.get("conversation_id") or "")].add(label["kind"])
    return kinds


def replay(kilter, folder, config=None):
    """The events of a data set, under a configuration file or the defaults."""
    configured = ["--config", config] if config else []
    done = subprocess.run(
        [kilter, "replay", "--format", "jsonl", *configured, *span_files(folder)], stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def alerts_by_run(events):
    """The alerts that name a trace or a conversation."""
    found = collections.defaultdict(list)
    for event in events:
        if event["type"] == "kilter.alert":
            data = event["data"]
            for key in {data.get("run"), data.get("trace_id")} - {None}:
                found[key].append(data)
    return found


def alerts_of(found, run):
    trace, conversation = run
    seen, out = set(), []
    for data in found.get(trace, []) + (found.get(conversation, []) if conversation else []):
        key = (data["alert_id"], data["revision"])
        if key not in seen:
            seen.add(key)
            out.append(data)
    return out

"""A model that says what a script tells it to, over the APIs that the clients speak: Anthropic's Messages and OpenAI's
Responses, both as streams of events.

A script is a list of steps, each a Call or a text. Which step comes next is read from the conversation that the client
sends along, so repeated and side requests change nothing."""

import dataclasses
import http.server
import json
import threading
import uuid


@dataclasses.dataclass
class Call:
    """One tool call. For Codex, `shell` calls whatever tool runs commands in the dialect that is offered."""

    tool: str
    arguments: object  # a dict, or a text for a free-form tool


def shell(command, **more):
    return Call("shell", {"command": command, **more})


class Model:
    """Listens until the end of the block. `requests` is what a provider would have seen."""

    def __init__(self, script, on_request=lambda: None):
        self.script = script
        self.requests = []
        self.on_request = on_request
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def step(self, number, opening=""):
        """`opening`: what the conversation begins with. A helper's begins with its task, and a script may have one of its own
        for it: {"the task's words": […], "": […]}."""
        script = self.script
        if isinstance(script, dict):
            script = next(steps for words, steps in script.items() if words in opening)
        return script[number] if number < len(script) else "That was all."

    def _handler(self):
        model = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def reply(self, kind, data):
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                self.reply("application/json", b'{"object":"list","data":[],"models":[],"has_more":false}')

            def do_HEAD(self):
                self.reply("text/plain", b"")

            def do_POST(self):
                raw = self.rfile.read(int(self.headers.get("content-length") or 0))
                model.requests.append(raw)
                model.on_request()
                body = json.loads(raw or b"{}")
                path = self.path.partition("?")[0]
                if path.endswith("/responses"):
                    self.reply("text/event-stream", responses_stream(model, body))
                elif path.endswith("/messages") and body.get("stream"):
                    self.reply("text/event-stream", messages_stream(model, body))
                else:
                    self.reply("application/json", b'{"input_tokens":1,"content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn"}')

        return Handler


def _stream(events):
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()


# --- Anthropic: turn N answers the request with N messages of the assistant's

def messages_stream(model, body):
    step = "ok"
    if body.get("tools"):  # the others ask for titles and the like
        step = model.step(sum(message.get("role") == "assistant" for message in body["messages"]), json.dumps(body["messages"][:1]))
    if isinstance(step, Call):
        block = {"type": "tool_use", "id": f"toolu_{uuid.uuid4().hex}", "name": "Bash" if step.tool == "shell" else step.tool, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(step.arguments)}
    else:
        block = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": step}
    usage = {"input_tokens": 1, "output_tokens": 1, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    message = {"id": f"msg_{uuid.uuid4().hex}", "type": "message", "role": "assistant", "model": body.get("model"), "content": [],
               "stop_reason": None, "stop_sequence": None, "usage": usage}
    reason = "tool_use" if isinstance(step, Call) else "end_turn"
    return _stream([
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ])


# --- OpenAI: step N answers the request that carries the outputs of N calls

def _offered(body):
    """{name of a tool: (its kind, its namespace)}"""
    tools = list(body.get("tools") or [])
    for item in body.get("input", []):
        if item.get("type") == "additional_tools":
            tools += item.get("tools") or []
    found = {}
    for tool in tools:
        if tool.get("type") == "namespace":
            found.update({inner.get("name"): (inner.get("type"), tool.get("name")) for inner in tool.get("tools", [])})
        else:
            found[tool.get("name")] = (tool.get("type"), None)
    return found


def _item(number, step, offered):
    if not isinstance(step, Call):
        return {"type": "message", "role": "assistant", "id": f"msg_{number}", "content": [{"type": "output_text", "text": step}]}
    name, arguments = step.tool, step.arguments
    if name == "shell":
        name, arguments = "exec_command", {"cmd": arguments["command"], **{key: value for key, value in arguments.items() if key != "command"}}
    if offered.get("exec", ("", None))[0] == "custom":  # code mode: JavaScript that calls tools
        arguments = f"text(await tools[{json.dumps(name)}]({json.dumps(arguments)}));"
        name = "exec"
    item = {"id": f"item_{number}", "call_id": f"call_{number}", "name": name}
    if isinstance(arguments, str):
        item |= {"type": "custom_tool_call", "input": arguments}
    else:
        item |= {"type": "function_call", "arguments": json.dumps(arguments)}
    namespace = offered.get(name, ("", None))[1]
    return item | ({"namespace": namespace} if namespace else {})


def responses_stream(model, body):
    done = {item["call_id"] for item in body.get("input", []) if str(item.get("type", "")).endswith("_output") and "call_id" in item}
    number = len(done)
    usage = {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 1,
             "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 2}
    return _stream([
        {"type": "response.created", "response": {"id": f"resp_{number}"}},
        {"type": "response.output_item.done", "output_index": 0, "item": _item(number, model.step(number), _offered(body))},
        {"type": "response.completed", "response": {"id": f"resp_{number}", "usage": usage}},
    ])

"""The fake of AWS as a server on this machine."""

import json
import re
import threading
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from aws_shapes import check_shape, service
from fake_aws import Answer, FakeAws


def _in_json(value):
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(type(value))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece: else each answer waits 40 ms for an acknowledgement
    aws: FakeAws

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return format_datetime(self.aws.now, usegmt=True)

    def handle_expect_100(self):
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        place, _, call = self.headers["X-Amz-Target"].partition(".")
        name = {"SageMaker": "sagemaker", "GraniteServiceVersion20100801": "cloudwatch"}[place]
        self._answered(call, service(name).operation_model(call), json.loads(body))

    def _answered(self, call, operation, asked):
        aws = self.aws
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", call).lower()
        if held := aws.before.get(call):
            held(asked)
        with aws.lock:
            aws.calls.append(call)
            fault = aws.fault_of(call)
        try:
            check_shape(asked, operation.input_shape, call)
            with aws.lock:
                answer = aws.answer(name, asked, fault)
            if operation.output_shape is not None:
                check_shape(answer, operation.output_shape, call)
            data, status, headers = json.dumps(answer, default=_in_json).encode(), 200, {}
        except Answer as error:
            data = json.dumps({"__type": error.code, "message": error.message}).encode()
            status, headers = error.status, {"x-amzn-query-error": f"{error.code};Sender"}
        except Exception as error:  # noqa: BLE001 - the test that asked is to fail of it
            aws.problems.append(f"{call}: {error!r}")
            self.close_connection = True
            return
        if fault and fault.lost:
            self.close_connection = True
            return
        self._send(status, data, {"Content-Type": "application/x-amz-json-1.1", **headers})

    def _send(self, status, data=b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    # S3, by path.

    def _s3(self, call):
        """Return the fault of a call, which is answered already unless its answer is to be lost."""
        aws = self.aws
        with aws.lock:
            aws.calls.append(call)
            fault = aws.fault_of(call)
        if fault and not fault.lost:
            text = f"<Error><Code>{fault.code}</Code><Message>{escape(fault.message)}</Message></Error>"
            self._send(fault.status, text.encode(), {"Content-Type": "application/xml"})
        return fault

    def do_HEAD(self):
        if self._s3("HeadObject"):
            return
        found = self.aws.objects.get(self.path)
        if found is None:
            self._send(404)
            return
        checksum = {"x-amz-checksum-sha256": found["sha256"]} if found["sha256"] else {}
        self._send(200, b"", {"Content-Length": str(len(found["data"])), "ETag": '"e"', **checksum})

    def do_GET(self):
        place, _, query = self.path.partition("?")
        call = "ListObjectsV2" if "list-type=2" in query else "GetObject"
        if self._s3(call):
            return
        if call == "GetObject":
            found = self.aws.objects.get(place)
            self._send(200 if found else 404, found["data"] if found else b"", {"ETag": '"e"'})
            return
        asked = {name: value for name, (value,) in parse_qs(query).items()}
        bucket = f"{place.rstrip('/')}/"
        keys = sorted(key.removeprefix(bucket) for key in self.aws.objects if key.startswith(bucket + asked["prefix"]))
        at = int(asked.get("continuation-token", 0))
        more = f"<NextContinuationToken>{at + 1}</NextContinuationToken>" if at + 1 < len(keys) else ""
        listed = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys[at : at + 1])
        self._send(
            200, f"<ListBucketResult>{listed}{more}</ListBucketResult>".encode(), {"Content-Type": "application/xml"}
        )

    def do_PUT(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self._s3("PutObject")
        if fault and not fault.lost:
            return
        with self.aws.lock:
            if self.headers.get("If-None-Match") == "*" and self.path in self.aws.objects:
                text = b"<Error><Code>PreconditionFailed</Code><Message>It is there already</Message></Error>"
                self._send(412, text, {"Content-Type": "application/xml"})
                return
            self.aws.objects[self.path] = {"data": data, "sha256": self.headers.get("x-amz-checksum-sha256", "")}
        if fault:
            self.close_connection = True
            return
        self._send(200, b"", {"ETag": '"e"'})


@contextmanager
def served_aws():
    """Yield a function that puts an empty AWS behind one address."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    url = f"http://127.0.0.1:{server.server_port}"

    def empty():
        handler.aws = FakeAws(url=url)
        return handler.aws

    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield empty
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

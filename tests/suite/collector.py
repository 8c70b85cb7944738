"""A collector of traces: takes OTLP over HTTP in its JSON form, reads it with the messages of the
opentelemetry-proto package, and keeps the spans."""

import base64
import collections
import http.server
import json
import threading

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

Span = collections.namedtuple("Span", "service name kind trace id parent attributes failed")
IDS = ("traceId", "spanId", "parentSpanId")


def read_request(body):
    """ExportTraceServiceRequest; a field that it does not have is an error. OTLP writes ids as
    hexadecimal digits where Protobuf's JSON has base64."""
    def mend(value):
        if isinstance(value, list):
            return [mend(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {name: base64.b64encode(bytes.fromhex(inner)).decode() if name in IDS
                else mend(inner) for name, inner in value.items()}
    return json_format.ParseDict(mend(json.loads(body)),
                                 trace_service_pb2.ExportTraceServiceRequest())


def plain(attributes):
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


class Collector:
    def __init__(self):
        self.spans, self.mistakes, self._lock = [], [], threading.Lock()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = collector._take(self.path, self.headers["Content-Type"], body)
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _take(self, path, content_type, body):
        with self._lock:
            try:
                assert (path, content_type) == ("/v1/traces", "application/json")
                self._keep(read_request(body))
                return 200
            except (AssertionError, ValueError, json_format.ParseError) as mistake:
                self.mistakes.append(repr(mistake))
                return 400

    def _keep(self, request):
        for of_resource in request.resource_spans:
            service = plain(of_resource.resource.attributes)["service.name"]
            for of_scope in of_resource.scope_spans:
                for span in of_scope.spans:
                    assert len(span.trace_id) == 16 and len(span.span_id) == 8
                    assert span.start_time_unix_nano <= span.end_time_unix_nano
                    self.spans.append(Span(
                        service, span.name, span.kind, span.trace_id.hex(), span.span_id.hex(),
                        span.parent_span_id.hex(), plain(span.attributes), span.status.code == 2))

    # -- what was seen

    def named(self, name, **wanted):
        """The spans of that name whose fields are as wanted."""
        with self._lock:
            return [span for span in self.spans if span.name == name and
                    all(getattr(span, field) == value for field, value in wanted.items())]

    def way_to(self, span):
        """The span and what it lies below, up to the first of its trace or one that is not known
        here."""
        with self._lock:
            known = {each.id: each for each in self.spans if each.trace == span.trace}
        way = [span]
        while way[-1].parent in known and len(way) < 100:
            way.append(known[way[-1].parent])
        return way

"""The gRPC service: it loads a published snapshot, scores every product once, and answers by product id.

__main__    the command line
settings    what an operator can set
app         the server from port to last answer: start, load, drain, stop
calls       bytes in, bytes out: the one place where errors become statuses
servicers   the RPCs: decode, delegate, encode
questions   what a request asks, checked against the limits
assessor    which products have a probability, and which: NumPy and the model, no gRPC
serving     one loaded snapshot, ready to answer
wire        answers as bytes
errors      what can go wrong;  statuses: the table that maps it to gRPC
logs        JSON or console lines on stdout

operation   how it is operated;  options: the same as the command line has it
listening   a server with its limits, its doors and its port
limits      refuse early: past deadlines, too many streams, too high a rate
tls         certificates that are renewed while the server runs
auth        lets a call through, or not;  tokens: who may call what, and the command that makes a token
watching    who looks on: metrics (for Prometheus) and tracing (OpenTelemetry, on demand)
supervisor  several worker processes on one port;  supervised: a worker's link to it
streams     RPCs that answer with a stream
current     the snapshot to answer from;  reloading: looks for a newer one
ranking     the ranked list;  paging: its page tokens
"""

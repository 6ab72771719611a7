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
"""

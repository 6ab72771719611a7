"""The gRPC service: published snapshots in, risks and features by product id out.

``rpc`` takes the calls, ``serving`` answers them from a snapshot, ``scoring`` computes, ``telemetry`` watches.
"""

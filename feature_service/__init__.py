"""The feature kernel, and the gRPC service and client around it."""

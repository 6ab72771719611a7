"""From a panel and a model to states, probabilities, figures, reasons and ranks: nothing of gRPC or protobuf."""

// Prints the risk of each product id on the command line, or the reason why there is none:
//   node client.ts http://localhost:50051 ID...
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import type { Status } from "./gen/google/rpc/status_pb.js";
import { RiskService } from "./gen/stockout/v1/risk_service_pb.js";

function reasonOf(error: Status): string | undefined {
  for (const detail of error.details) {
    const info = anyUnpack(detail, ErrorInfoSchema);
    if (info) return info.reason;
  }
}

const [baseUrl, ...productIds] = process.argv.slice(2);
const client = createClient(RiskService, createGrpcTransport({ baseUrl }));
const answer = await client.assessStockoutRisks({ productIds }, { timeoutMs: 10_000 });
for (const { productId, outcome } of answer.results) {
  if (outcome.case === "risk") console.log(productId, outcome.value.probability);
  if (outcome.case === "error") console.log(productId, reasonOf(outcome.value));
}

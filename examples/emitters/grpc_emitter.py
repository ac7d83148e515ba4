"""Asks over gRPC that a model forgets a subject. pip install grpcio grpcio-tools

python3 grpc_emitter.py ADDRESS MODEL SUBJECT     (with proto/ of Lethe in PYTHONPATH)
"""
import os
import sys
import uuid

import grpc

address, model_key, subject = sys.argv[1:4]
request_protos, _ = grpc.protos_and_services("lethe/v1/request.proto")
_, services = grpc.protos_and_services("lethe/v1/ingest_service.proto")
ingest_protos, _ = grpc.protos_and_services("lethe/v1/ingest_service.proto")

# Made once, and sent again as it is for as long as there is no answer: it counts once.
request = request_protos.DeletionRequest(
    request_id=str(uuid.uuid4()),
    emitter="shop",
    model_key=model_key,
    scope=request_protos.Scope(subject=subject),
    regulation=request_protos.REGULATION_GDPR,
)
request.submitted_time.GetCurrentTime()
metadata = []
if "LETHE_TOKEN" in os.environ:
    metadata.append(("authorization", f"Bearer {os.environ['LETHE_TOKEN']}"))

with grpc.insecure_channel(address) as channel:
    stub = services.IngestServiceStub(channel)
    # wait_for_ready: a server that restarts is waited for.
    receipt = stub.SubmitDeletion(request, timeout=30, metadata=metadata, wait_for_ready=True)
    print(receipt.request_id, request_protos.RequestState.Name(receipt.state))

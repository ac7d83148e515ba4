# syntax=docker/dockerfile:1
# MinIO's community server at the commit that Lethe is tested on: its last image has broken
# conditional writes, and newer ones are not made.
#   docker build -f deploy/docker/minio.Dockerfile -t lethe-minio:7aac2a2c5b7c .
ARG BUILD_IMAGE=golang:1.26.8-bookworm
ARG RUN_IMAGE=gcr.io/distroless/static-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /source
COPY scripts/servers/minio/go.mod scripts/servers/minio/go.sum ./
# The CA certificates and the checksums of every module are those of the image and of go.sum.
RUN CGO_ENABLED=0 go build -mod=readonly -trimpath -buildvcs=false -ldflags '-s -w' \
      -o /minio github.com/minio/minio

FROM ${RUN_IMAGE}
LABEL org.opencontainers.image.title=lethe-minio \
      org.opencontainers.image.licenses=AGPL-3.0-only
COPY --from=build /minio /minio
# It does not start as a user that nobody knows without being told of a home; it writes nothing there.
ENV HOME=/
USER 65532:65532
ENTRYPOINT ["/minio"]

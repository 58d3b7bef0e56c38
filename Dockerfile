FROM rust:1.95-bookworm AS builder
WORKDIR /build
COPY . .
# The downloaded crates and the compiled dependencies live in cache mounts, so that a change of ours compiles our crates alone. The
# sources are touched because cargo compares times, and a checkout may be older than what the cache was built from.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target,sharing=locked \
    find src crates migrations -type f -exec touch {} + \
    && cargo build --release --locked --bin cabrank \
    && install -D target/release/cabrank /out/cabrank

# libpq and SQLite are inside the binary: it needs the C library and nothing else.
FROM debian:bookworm-slim
RUN groupadd --gid 10001 cabrank \
    && useradd --uid 10001 --gid cabrank --home-dir /data --no-create-home --shell /usr/sbin/nologin cabrank \
    && install --directory --owner=cabrank --group=cabrank --mode=0700 /data
COPY --from=builder /out/cabrank /usr/local/bin/cabrank
USER 10001:10001
# The SQLite file, unless DATABASE_URL says otherwise, and the signing keys.
VOLUME /data
ENV CABRANK_LISTEN=0.0.0.0:8080 \
    CABRANK_DATA_DIR=/data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["cabrank", "health"]
ENTRYPOINT ["cabrank"]
CMD ["serve"]

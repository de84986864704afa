FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package numberd

FROM debian:bookworm-slim
RUN useradd --system --create-home --home-dir /var/lib/numberd numberd
COPY --from=build /src/target/release/numberd /usr/local/bin/numberd
USER numberd
WORKDIR /var/lib/numberd
EXPOSE 8000
ENTRYPOINT ["numberd"]
CMD ["serve", "--listen", "0.0.0.0:8000", "--database", "sqlite:/var/lib/numberd/numberd.db"]

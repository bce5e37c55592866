# syntax=docker/dockerfile:1

# PagerSlack in an image of its binary and what that needs: no shell, no package manager, no root. docs/DEPLOYING.md says
# how it is run. Built from the root of the repository: docker build --tag pagerslack .

# The compiler that Cargo.toml names, on the Debian that the second stage is made of: both have the same C library.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# What was downloaded and built before is kept between builds, but not in the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --package pagerslack \
    && install -D --mode=0755 target/release/pagerslack /image/usr/local/bin/pagerslack \
    && install --directory --owner=65532 --group=65532 --mode=0700 /image/var/lib/pagerslack

# The C library, libgcc and the certificates of public authorities; its user `nonroot` has the id 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /image /
# Where the configuration may lie, and where the database does unless PAGERSLACK_STORE names a Redis.
WORKDIR /etc/pagerslack
VOLUME /var/lib/pagerslack
ENV PAGERSLACK_LISTEN=0.0.0.0:8080 \
    PAGERSLACK_STORE=sqlite:/var/lib/pagerslack/pagerslack.db
EXPOSE 8080
USER 65532:65532
STOPSIGNAL SIGTERM
# It asks itself: there is no other program here that could.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/local/bin/pagerslack", "health"]
ENTRYPOINT ["/usr/local/bin/pagerslack"]
CMD ["serve"]

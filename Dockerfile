# The agent's image. docs/image.md says how it is run, docs/release.md how it is made for a release.
# Pin both bases by digest where that is your rule: --build-arg NODE_IMAGE=node@sha256:… --build-arg RUNTIME_IMAGE=…
ARG NODE_IMAGE=node:24-bookworm-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot
# The version in package.json; the build fails on another one.
ARG VERSION=0.1.0

# What runs in production is in dist, the packages it needs included. No package's own script runs.
FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
ARG VERSION
RUN test "${VERSION}" = "$(node -p 'require("./package.json").version')" && \
    npm run --silent build && \
    find dist -name '*.map' -delete

# The same files for both images: root's, and writable for nobody else. The state folder alone is the agent's.
FROM ${NODE_IMAGE} AS app
WORKDIR /app
COPY --from=build /build/package.json /build/LICENSE ./
COPY --from=build /build/config ./config
COPY --from=build /build/src/inventory/schema ./src/inventory/schema
COPY --from=build /build/dist ./dist
RUN chown -R 0:0 /app && chmod -R u=rwX,go=rX /app && \
    mkdir -p /state/bitbucket-agent && chmod 0700 /state/bitbucket-agent

# For looking into a problem: the same agent, with a shell. Built with --target debug.
FROM ${NODE_IMAGE} AS debug
ARG NODE_IMAGE
ARG VERSION
ARG REVISION=unknown
LABEL org.opencontainers.image.title="bitbucket-agent (debug)" \
      org.opencontainers.image.description="On-premises agent that connects Bitbucket to Snyk Essentials over the Snyk Broker protocol" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${NODE_IMAGE}"
COPY --from=app /app /app
COPY --from=app --chown=65532:65532 /state /var/lib
ENV NODE_ENV=production STATE_DIR=/var/lib/bitbucket-agent
WORKDIR /app
USER 65532:65532
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["node", "/app/dist/cli.js", "healthcheck"]
ENTRYPOINT ["node", "/app/dist/cli.js"]
CMD ["run"]

# The image: no shell, no package manager.
FROM ${RUNTIME_IMAGE} AS runtime
ARG RUNTIME_IMAGE
ARG VERSION
ARG REVISION=unknown
LABEL org.opencontainers.image.title="bitbucket-agent" \
      org.opencontainers.image.description="On-premises agent that connects Bitbucket to Snyk Essentials over the Snyk Broker protocol" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${RUNTIME_IMAGE}"
COPY --from=app /app /app
COPY --from=app --chown=65532:65532 /state /var/lib
ENV NODE_ENV=production STATE_DIR=/var/lib/bitbucket-agent PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin
WORKDIR /app
USER 65532:65532
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["node", "/app/dist/cli.js", "healthcheck"]
ENTRYPOINT ["node", "/app/dist/cli.js"]
CMD ["run"]

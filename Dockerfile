# vigia as `npm pack` packs it (packaging/npm/pack.ts). Mount a configuration at /etc/vigia/vigia.yaml:
#   docker build -t vigia .
#   docker run -p 8080:8080 -v ./vigia.yaml:/etc/vigia/vigia.yaml:ro vigia
# Listeners in that file must bind 0.0.0.0 to be reachable from outside the container; `admin` may stay on
# 127.0.0.1:9900, where the health check below asks.
# BASE may be any image with Node.js 26, npm and a user `node`: test/ops/container.sh builds one of Debian's packages. Nothing is written
# outside of /var/lib/vigia and /tmp, so it runs with --read-only --tmpfs /tmp, as any user, and without capabilities.
ARG BASE=docker.io/library/node:26-slim
FROM ${BASE} AS build
WORKDIR /build

# What it is built with first: this layer is kept while only the sources change.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund

COPY bin ./bin
COPY src ./src
COPY config ./config
COPY packaging ./packaging
COPY CHANGELOG.md LICENSE ./
RUN npm run prepack && rm dist/*.map && mv dist/LICENSES.txt .

FROM ${BASE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /build/bin ./bin
COPY --from=build /build/dist ./dist
COPY --from=build /build/config ./config
COPY --from=build /build/package.json /build/LICENSE /build/LICENSES.txt ./

# The image's own unprivileged user. What vigia writes goes to /var/lib/vigia: mount a volume to keep it.
RUN mkdir -p /etc/vigia /var/lib/vigia && chown node:node /var/lib/vigia && ln -s /app/bin/vigia.js /usr/local/bin/vigia

# What a start compiles is kept in the image (bin/vigia.js), by a vigia that is started once. Node looks for it under the id of the user
# who runs it, so that user writes it here; from then on it is read only.
RUN install -d -o node -g node node_modules/.cache/vigia
USER node
RUN { node bin/vigia.js run -c config/examples/minimal.yaml & } \
  && until vigia healthcheck --ready 2>/dev/null; \
    do kill -0 $! && sleep 0.2 || exit 1; done \
  && kill -TERM $! && wait $!
USER root
RUN chown -R root:node node_modules/.cache && chmod -R u=rwX,g=rX,o= node_modules/.cache

USER node
WORKDIR /var/lib/vigia

EXPOSE 8080 9900

HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["vigia", "healthcheck"]

# `docker stop` sends SIGTERM, which drains. Give it time: docker stop -t 40.
ENTRYPOINT ["vigia"]
CMD ["run", "-c", "/etc/vigia/vigia.yaml"]

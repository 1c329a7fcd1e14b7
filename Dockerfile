# notifyd in an image of its own: built in one stage, run in another that has neither a compiler nor what only tests need.
# It runs as uid 1000, writes to /var/lib/notifyd alone, and reads its config from /etc/notifyd/config.json.
ARG NODE=node:24-bookworm-slim

FROM ${NODE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/bundle.ts ./scripts/
COPY src ./src
RUN npm run build

FROM ${NODE} AS dependencies
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
RUN mkdir data

FROM ${NODE}
ENV NODE_ENV=production
# Node's own SQLite calls itself experimental at every start.
ENV NODE_OPTIONS=--disable-warning=ExperimentalWarning
WORKDIR /opt/notifyd
COPY --from=dependencies /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
COPY package.json config.example.json config.schema.json ./
COPY migrations ./migrations
# The journal belongs to whom the daemon runs as, and to nobody else.
COPY --from=dependencies --chown=1000:1000 --chmod=0700 /src/data /var/lib/notifyd
VOLUME /var/lib/notifyd
USER 1000:1000
EXPOSE 9464
STOPSIGNAL SIGTERM
# Alive, not ready: a stand-by, or a daemon that catches up after an outage, is not to be killed for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/health/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/notifyd/dist/cli.js"]
CMD ["run", "--config", "/etc/notifyd/config.json"]

# Real Swift clusters with Swift Autosync in front, in one container, to try it:
#   docker build -t autosync .
#   docker run --rm -it -p 8081-8083:8081-8083 -p 8091-8093:8091-8093 autosync
# Options of `autosync start` can follow: `… autosync --clusters 3`. On Linux `--network host` does without -p.
FROM node:20-bookworm-slim

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      swift-proxy swift-account swift-container swift-object memcached python3-swiftclient \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/autosync
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

VOLUME /data
EXPOSE 8081-8083 8091-8093
ENTRYPOINT ["node", "bin/autosync", "start", "--folder", "/data", "--bind-ip", "0.0.0.0"]

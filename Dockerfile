# Siaga as a container: Node runs the TypeScript as it is, so there is no build step. Runs as a user of its own.
FROM node:26-slim AS dependencies
WORKDIR /siaga
COPY package.json package-lock.json ./
# Without the development dependencies: among them is `node` itself, which the image brings.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

FROM node:26-slim
# Two arenas for all threads: glibc keeps one a thread, each with what it once needed (docs/performance.md).
ENV NODE_ENV=production MALLOC_ARENA_MAX=2
RUN groupadd --system --gid 10001 siaga \
 && useradd --system --uid 10001 --gid siaga --home-dir /siaga --no-create-home siaga \
 && install -d -o siaga -g siaga -m 0750 /data
WORKDIR /siaga
COPY --from=dependencies /siaga/node_modules ./node_modules
COPY . .
USER siaga
VOLUME /data
EXPOSE 3000 1883
CMD ["node", "main.js"]

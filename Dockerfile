# syntax=docker/dockerfile:1
FROM node:24-bookworm-slim AS base
WORKDIR /app
COPY package.json package-lock.json ./

FROM base AS build
RUN npm ci --no-audit --no-fund
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM base AS packages
RUN npm ci --omit=dev --no-audit --no-fund

# One image for the API, the worker (`node dist/worker.js`) and the operator's commands (`node dist/cli.js migrate`).
FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json ./
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# the user node; as a number, so that an orchestrator sees that it is not root (runAsNonRoot)
USER 1000:1000
# the API; health and metrics of a worker
EXPOSE 3000 3001
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["node", "dist/healthcheck.js"]
CMD ["node", "--max-semi-space-size=64", "dist/main.js"]

# syntax=docker/dockerfile:1
# One image for all services: the command says which one runs.

FROM node:26-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci
RUN npm run build
# What is needed to build and test is not needed to run.
RUN npm prune --omit=dev

FROM node:26-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build --chown=root:root /app /app
# A volume that is mounted here gets this owner.
RUN install -d -o node -g node -m 700 /var/lib/witness /var/lib/audit
# Unprivileged, and unable to change the program.
USER node
EXPOSE 8080 8081
# The flags of tools/stack/src/services/service-process.ts.
ENTRYPOINT ["node", "--enable-source-maps", "--max-semi-space-size=32"]
CMD ["services/api-gateway/dist/main.js"]

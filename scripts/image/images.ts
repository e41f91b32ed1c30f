export const NODE_IMAGE = 'node:24-bookworm-slim';

/** Of the Compose files, under the names by which they are asked for there. */
export const SERVICE_IMAGES = {
  redis: 'redis:8.2-alpine',
  postgres: 'postgres:17-bookworm',
  haproxy: 'haproxy:3.2-alpine',
} as const;

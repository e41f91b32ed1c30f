/** Text that PostgreSQL would take as a UUID in its one canonical form, of any version. */
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

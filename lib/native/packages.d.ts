/** The platform packages. Each exports what binding.d.ts declares. */
declare module 'dynamodb-feature-store-*';

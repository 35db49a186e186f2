// An identity provider for the end-to-end tests: the certified `oidc-provider`,
// with its own pages for signing in and consenting. What it says of whom stands in
// OIDC_ACCOUNTS, by the name that they sign in with. Its issuer is all it prints.

import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const {
  OIDC_CLIENT_ID: clientId,
  OIDC_CLIENT_SECRET: clientSecret,
  OIDC_REDIRECT_URI: redirectUri,
  OIDC_ACCOUNTS: accounts,
} = process.env;

const known = JSON.parse(accounts);
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] }],
    pkce: { methods: ['S256'], required: () => true },
    cookies: { keys: ['of no importance'] },
    scopes: ['openid', 'email', 'profile', 'groups'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...known[id] }) }),
  });
  server.on('request', provider.callback());
  process.stdout.write(`${issuer}\n`);
});

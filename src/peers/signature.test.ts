import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderList } from '../http/headers.js';
import type { Secrets } from '../sync/secrets.js';
import { NonceMemory } from './nonce-memory.js';
import { bodyMatches, keepOnlySigned, signPeerRequest, verifyPeerRequest } from './signature.js';
import { SIGNATURE_HEADER } from './signature-header.js';

const generation = (number: number) => ({ number, secret: createSecretKey(Buffer.alloc(32, number)) });
const SECRETS: Secrets = { current: generation(2), previous: generation(1) };
const NOW_MS = 1_732_270_000_123;
const PARTIES = { from: '//realm/primary', to: '//realm/secondary', realm: 'realm' };

interface Message {
  method: string;
  target: string;
  headers: HeaderList;
  body: Buffer;
}

const latin1 = fc.string({
  unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)),
  minLength: 1,
});
const headerName = fc
  .stringMatching(/^[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~\x80-\xff-]{0,12}$/)
  .map((name) => `X-${name}`);
const message: fc.Arbitrary<Message> = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'),
  target: latin1.map((text) => `/v1/AUTH_t/${text}`),
  headers: fc
    .array(fc.tuple(headerName, latin1), { minLength: 1, maxLength: 6 })
    .map((fields) => HeaderList.from(fields)),
  body: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
});

const example = (): Message => ({
  method: 'POST',
  target: '/v1/AUTH_t/c?x=1',
  headers: HeaderList.from({
    'X-Autosync-Op': 'change',
    'X-Container-Read': '.r:*',
    'Host': 'a',
    'Via': 'b',
  }),
  body: Buffer.from('body'),
});
type SignOptions = Partial<Parameters<typeof signPeerRequest>[0]>;
type VerifyOptions = Partial<Parameters<typeof verifyPeerRequest>[0]>;
const sign = (m: Message, options: SignOptions = {}) =>
  signPeerRequest({ ...m, ...PARTIES, secrets: SECRETS, nowMs: NOW_MS, ...options });
const verify = (m: Message, options: VerifyOptions = {}) =>
  verifyPeerRequest({ ...m, ...PARTIES, secrets: SECRETS, nowMs: NOW_MS, ...options });
const reasonFor = (m: Message, options: VerifyOptions = {}) => {
  const verdict = verify(m, options);
  return verdict.ok ? 'ok' : verdict.reason;
};
const isAccepted = (m: Message) => {
  const verdict = verify(m);
  return verdict.ok && bodyMatches(verdict.digest, m.body);
};
const flipBit = (text: string, index: number, bit: number) => {
  const i = index % text.length;
  return text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ (1 << bit)) + text.slice(i + 1);
};

describe('a signed request', () => {
  it('is accepted as it was sent, whatever its names and values', () => {
    fc.assert(
      fc.property(message, (m) => {
        sign(m);
        const verdict = verify({ ...m, headers: m.headers.clone() });
        expect(verdict).toMatchObject({ ok: true, from: '//realm/primary' });
        expect(isAccepted(m)).toBe(true);
      }),
    );
  });

  it('says who sent it also where cluster names are beyond ASCII or URLs', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (name) => {
        const m = example();
        sign(m, { from: `//r/${name}`, to: 'http://B:8080/' });
        expect(verify(m, { to: 'HTTP://b:8080' })).toMatchObject({ ok: true, from: `//r/${name}` });
      }),
    );
  });

  it('is refused after any bit of its method, target, headers, body or signature header was changed', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(), fc.integer({ min: 0, max: 6 }), (m, place, index, bit) => {
        sign(m);
        const changed: Message = { ...m, headers: m.headers.clone(), body: Buffer.from(m.body) };
        const raw = changed.headers.raw;
        const slot = place % (raw.length + 3);
        if (slot === 0) changed.method = flipBit(m.method, index, bit);
        else if (slot === 1) changed.target = flipBit(m.target, index, bit);
        else if (slot === 2 && m.body.length > 0)
          changed.body.writeUInt8((m.body[index % m.body.length]! ^ (1 << bit)) & 255, index % m.body.length);
        else if (slot > 2) raw[slot - 3] = flipBit(raw[slot - 3]!, index, bit);
        // Not changes: the case of a header's name, and blanks around a value.
        const normalise = (h: HeaderList) =>
          [...h].map(([name, value]) => [name.toLowerCase(), value.replace(/^[ \t]+|[ \t]+$/g, '')]);
        fc.pre(slot !== 2 || m.body.length > 0);
        fc.pre(
          slot <= 2 || JSON.stringify(normalise(m.headers)) !== JSON.stringify(normalise(changed.headers)),
        );
        expect(isAccepted(changed)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('is refused after a field of a signed name was added, taken away or put in another order', () => {
    const base = () => ({
      ...example(),
      headers: HeaderList.from([
        ['X-A', '1'],
        ['X-B', '2'],
        ['X-A', '3'],
      ]),
    });
    const signed = base();
    sign(signed);
    const signature = signed.headers.get(SIGNATURE_HEADER)!;
    const withFields = (...fields: [string, string][]) => ({
      ...base(),
      headers: HeaderList.from([...fields, [SIGNATURE_HEADER, signature]]),
    });
    expect(reasonFor(withFields(['x-b', '2'], ['x-a', '1'], ['X-A', '3 ']))).toBe('ok');
    expect(reasonFor(withFields(['X-A', '3'], ['X-B', '2'], ['X-A', '1']))).toBe('bad-signature');
    expect(reasonFor(withFields(['X-A', '1'], ['X-B', '2']))).toBe('bad-signature');
    expect(reasonFor(withFields(['X-A', '1'], ['X-B', '2'], ['X-A', '3'], ['X-B', '']))).toBe(
      'bad-signature',
    );
    expect(reasonFor(withFields(['X-A', '1, 3'], ['X-B', '2']))).toBe('bad-signature');
    expect(reasonFor(withFields(['X-A', '1\u00a0'], ['X-B', '2'], ['X-A', '3']))).toBe('bad-signature');
  });

  it('passes proxies that change hop-by-hop and forwarding headers; what they added is dropped, wherever it stands', () => {
    const m = example();
    sign(m);
    m.headers
      .set('Host', 'other')
      .add('X-Forwarded-For', '1.2.3.4')
      .add('X-Forwarded-Proto', 'https')
      .remove('Via');
    m.headers.raw.unshift('X-Container-Write', 'evil', 'Connection', 'close');
    const verdict = verify(m);
    expect(verdict.ok).toBe(true);
    if (verdict.ok) keepOnlySigned(m.headers, verdict.signedNames);
    expect(m.headers.raw).toEqual(['X-Autosync-Op', 'change', 'X-Container-Read', '.r:*']);
  });

  it('drops what stands for a signed header in another spelling, and keeps a signed one in any', () => {
    const m = { ...example(), headers: HeaderList.from({ 'X-Autosync-Acts-As': 'client', 'X-A_B': '1' }) };
    sign(m);
    m.headers.raw.unshift('X_Autosync_Acts_As', 'granted', 'X-A-B', '2');
    const verdict = verify(m);
    if (verdict.ok) keepOnlySigned(m.headers, verdict.signedNames);
    expect(m.headers.raw).toEqual(['X-Autosync-Acts-As', 'client', 'X-A_B', '1']);
  });
});

describe('what is refused, and why', () => {
  it('a request for another cluster, also when sent back to its sender', () => {
    const m = example();
    sign(m);
    expect(reasonFor(m, { to: '//realm/primary' })).toBe('wrong-cluster');
    expect(reasonFor(m, { to: '//REALM/Secondary' })).toBe('ok');
  });

  it('one dated outside the window, with how far and which way', () => {
    const m = example();
    sign(m);
    expect(reasonFor(m, { nowMs: NOW_MS + 60_000 })).toBe('ok');
    expect(verify(m, { nowMs: NOW_MS + 61_500 })).toMatchObject({
      reason: 'clock',
      detail: expect.stringContaining('61.5 s behind') as string,
    });
    expect(verify(m, { nowMs: NOW_MS - 6_000, maxClockSkewSeconds: 5 })).toMatchObject({
      detail: expect.stringContaining('6.0 s ahead') as string,
    });
  });

  it('one of a generation that is no longer, or not yet, known; the previous one is accepted', () => {
    const m = example();
    sign(m, { useGeneration: 'previous' });
    expect(reasonFor(m)).toBe('ok');
    expect(reasonFor(m, { secrets: { current: generation(3), previous: generation(2) } })).toBe(
      'unknown-generation',
    );
    sign(m);
    expect(reasonFor(m, { secrets: { current: generation(1), previous: undefined } })).toBe(
      'unknown-generation',
    );
  });

  it('one made with another secret or for another realm', () => {
    const m = example();
    sign(m, { secrets: { current: { ...generation(9), number: 2 }, previous: undefined } });
    expect(reasonFor(m)).toBe('bad-signature');
    sign(m, { realm: 'other' });
    expect(reasonFor(m)).toBe('bad-signature');
  });

  it('the same one twice, while it would still be in time', () => {
    const nonces = new NonceMemory();
    const m = example();
    sign(m, { nowMs: NOW_MS + 60_000 });
    expect(reasonFor(m, { nonces })).toBe('ok');
    expect(reasonFor(m, { nonces })).toBe('replayed');
    expect(reasonFor(m, { nonces, nowMs: NOW_MS + 120_000 })).toBe('replayed');
    expect(reasonFor(m, { nonces, nowMs: NOW_MS + 120_002 })).toBe('clock');
  });

  it('one that was forged does not use up the nonce of the true one', () => {
    const nonces = new NonceMemory();
    const m = example();
    sign(m);
    expect(reasonFor({ ...m, target: '/other' }, { nonces })).toBe('bad-signature');
    expect(reasonFor(m, { nonces })).toBe('ok');
  });

  it('none, two, or a signature header in any other form', () => {
    const m = example();
    expect(reasonFor(m)).toBe('malformed');
    sign(m);
    const good = m.headers.get(SIGNATURE_HEADER)!;
    const withHeader = (...values: string[]) => ({
      ...m,
      headers: HeaderList.from(values.map((v) => [SIGNATURE_HEADER, v] as const)),
    });
    expect(reasonFor(withHeader(good, good))).toBe('malformed');
    for (const bad of [
      '',
      good.replace('v=1', 'v=2'),
      `${good} `,
      good.replaceAll('; ', ';'),
      good.replace('x-autosync-op x-container-read', 'x-container-read x-autosync-op'),
      good.replace('x-autosync-op', 'x-autosync-op x-autosync-op'),
      good.replace('x-autosync-op', ''),
      good.replace('primary', '%ff'),
      good.replace(/digest=\w+/, 'digest='),
      good.replace(/sig=.*/, (sig) => sig.toUpperCase()),
    ]) {
      expect(reasonFor(withHeader(bad))).toBe('malformed');
    }
  });
});

describe('the body', () => {
  it('is covered up to 64 KiB; above, and streamed, the digest says none and matches nothing', () => {
    for (const [body, digest] of [
      [undefined, /^e3b0c44/],
      [Buffer.alloc(65_536), /^[0-9a-f]{64}$/],
      [Buffer.alloc(65_537), /^none$/],
      ['streamed', /^none$/],
    ] as const) {
      const m = example();
      sign({ ...m }, { ...(body === undefined ? { body: Buffer.alloc(0) } : { body }), headers: m.headers });
      const verdict = verify(m);
      expect(verdict.ok && verdict.digest).toMatch(digest);
      if (verdict.ok && body !== 'streamed')
        expect(bodyMatches(verdict.digest, body ?? Buffer.alloc(0))).toBe(verdict.digest !== 'none');
    }
  });

  it('cannot be dropped from the signature on the way', () => {
    const m = example();
    sign(m);
    m.headers.set(SIGNATURE_HEADER, m.headers.get(SIGNATURE_HEADER)!.replace(/digest=\w+/, 'digest=none'));
    expect(reasonFor(m)).toBe('bad-signature');
  });
});

describe('the signer', () => {
  it('refuses more headers than a signature can name', () => {
    const many = Array.from({ length: 90 }, (_, i) => [`X-Object-Meta-${'é'.repeat(250)}${i}`, '1'] as const);
    const m = { ...example(), headers: HeaderList.from(many) };
    expect(() => sign(m)).toThrow(expect.objectContaining({ code: 'HEADERS_TOO_LARGE' }));
  });

  it('does not sign what Connection names', () => {
    const m = {
      ...example(),
      headers: HeaderList.from({ 'Connection': 'close, X-Hop', 'X-Hop': '1', 'X-End': '2' }),
    };
    sign(m);
    expect(verify(m)).toMatchObject({ signedNames: ['x-end'] });
  });
});

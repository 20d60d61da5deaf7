// Just enough of the S3 API to make, list and delete buckets, signed as S3's second version does (path style).
import { createHmac } from 'node:crypto';
import { SWIFT_PIPELINE } from '../../src/local/swift-conf.js';
import { send, type Answer, type User } from './swift-client.js';

/** What the clusters of a run have in front of their proxies. */
export const S3_PIPELINE = SWIFT_PIPELINE.replace(' tempauth', ' s3api tempauth');

/** @param path `/bucket` */
export function sendS3(baseUrl: string, { user, key }: User, method: string, path: string): Promise<Answer> {
  const date = new Date().toUTCString();
  const signature = createHmac('sha1', key).update(`${method}\n\n\n${date}\n${path}`).digest('base64');
  return send(baseUrl, method, path, { Date: date, Authorization: `AWS ${user}:${signature}` });
}

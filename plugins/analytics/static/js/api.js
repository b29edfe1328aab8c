// Questions to the API that serves this page.

import { key } from "./session.js";

const PREFIX = "api/v1";
const TIMEOUT = 60_000;
const MOST_PAGES = 20;

/** An error of the API, as problem details (RFC 9457), or of the way to it. */
export class Problem extends Error {
  constructor({ status = 0, title = "No answer", detail, request_id: requestId = null }) {
    super(detail);
    Object.assign(this, { status, title, detail, requestId });
  }
}

/** The answer to a path; parameters that are null or empty are left out. Throws a Problem, or AbortError. */
export async function ask(path, parameters = {}, signal = undefined, presented = key()) {
  const address = new URL(`${PREFIX}${path}`, document.baseURI);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") address.searchParams.set(name, value);
  }
  const late = AbortSignal.timeout(TIMEOUT);
  try {
    const response = await fetch(address, {
      headers: { Accept: "application/json", ...(presented ? { Authorization: `Bearer ${presented}` } : {}) },
      credentials: "same-origin",
      signal: signal ? AbortSignal.any([signal, late]) : late,
    });
    if (response.ok) return await response.json();
    throw await problemOf(response);
  } catch (error) {
    if (error instanceof Problem || signal?.aborted) throw error;
    throw new Problem({ detail: late.aborted ? "The server took too long to answer." : "The server cannot be reached." });
  }
}

/** All pages of a list, as one answer. It has a next_cursor still where there are more than MOST_PAGES. */
export async function askAll(path, parameters, signal) {
  const answer = await ask(path, parameters, signal);
  for (let page = 1; answer.next_cursor && page < MOST_PAGES; page++) {
    const next = await ask(path, { ...parameters, cursor: answer.next_cursor }, signal);
    answer.data.push(...next.data);
    answer.next_cursor = next.next_cursor;
  }
  return answer;
}

async function problemOf(response) {
  const isProblem = response.headers.get("content-type")?.startsWith("application/problem+json");
  const told = isProblem ? await response.json().catch(() => ({})) : {};
  return new Problem({
    title: response.statusText || "Error",
    detail: "The server answered with an error.",
    ...told,
    status: response.status,
  });
}

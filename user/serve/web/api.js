// Talks to the server. The token stays in this tab (sessionStorage) and goes out in a header that no other site can
// make a browser send; there are no cookies.
const KEY = 'faultline-token';
export const token = {
	get: () => sessionStorage.getItem(KEY) || '',
	set: (t) => sessionStorage.setItem(KEY, t),
	forget: () => sessionStorage.removeItem(KEY),
};

export class Problem extends Error {
	constructor(status, said) {
		super((said && said.detail) || `the server answered ${status}`);
		this.status = status;
		this.hint = (said && said.hint) || '';
	}
}

let onDenied = () => {};
export function whenDenied(f) {
	onDenied = f;
}

export async function call(method, path, body, headers) {
	const options = { method, headers: { Authorization: `Bearer ${token.get()}`, ...headers } };
	if (body !== undefined) {
		options.body = JSON.stringify(body);
		options.headers['Content-Type'] = 'application/json';
	}
	let r;
	try {
		r = await fetch(path, options);
	} catch {
		throw new Problem(0, { detail: 'the server does not answer' });
	}
	const text = await r.text();
	if (r.ok)
		return r.headers.get('Content-Type').startsWith('application/json') ? JSON.parse(text) : text;
	let said = null;
	try {
		said = JSON.parse(text);
	} catch { /* no words of ours */ }
	if (r.status === 401)
		onDenied();
	throw new Problem(r.status, said);
}

// Server-sent events with a token in the header, which EventSource cannot send. Connects again and again, behind what was
// seen last, until stop() is called. `on.state(true|false)`: is the line up?
export function listen(on) {
	let stopped = false, last = '', controller = null;

	async function once() {
		controller = new AbortController();
		const headers = { Authorization: `Bearer ${token.get()}` };
		if (last)
			headers['Last-Event-ID'] = last;
		const r = await fetch('/v1/events', { headers, signal: controller.signal });
		if (r.status === 401) {
			stopped = true;
			onDenied();
		}
		if (!r.ok)
			return;
		on.state(true);
		const reader = r.body.pipeThrough(new TextDecoderStream()).getReader();
		let rest = '';
		for (;;) {
			const { value, done } = await reader.read();
			if (done)
				return;
			const parts = (rest + value).split('\n\n');
			rest = parts.pop();
			parts.forEach(take);
		}
	}
	function take(part) {
		let name = '', data = '';
		for (const line of part.split('\n')) {
			if (line.startsWith('id: '))
				last = line.slice(4);
			else if (line.startsWith('event: '))
				name = line.slice(7);
			else if (line.startsWith('data: '))
				data += line.slice(6);
		}
		if (name)
			on.event(name, JSON.parse(data));
	}
	(async () => {
		while (!stopped) {
			try {
				await once();
			} catch { /* the line is down */ }
			if (stopped)
				return;
			on.state(false);
			await new Promise((done) => setTimeout(done, 1000));
		}
	})();
	return () => {
		stopped = true;
		if (controller)
			controller.abort();
	};
}

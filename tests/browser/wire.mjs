// What a page fetches: its bytes on the wire, and how many requests one after the other come before it is first seen.

// Of what asked for it, the document being 0: 1 if the HTML names it, 2 if a script or a style sheet of the HTML's asked, and so on.
function depthOf(url, { initiator }, seen) {
    const by = initiator.url ?? initiator.stack?.callFrames[0]?.url;
    return by && by !== url && seen.has(by) ? seen.get(by).depth + 1 : 0;
}

// From now on: requests, an array of {url, depth, bytes} in the order in which they were made; bytes of those that are finished,
// headers and body as they came.
export async function listen(page) {
    const session = await page.context().newCDPSession(page);
    const [byUrl, byId, requests] = [new Map(), new Map(), []];
    session.on('Network.requestWillBeSent', (event) => {
        const url = event.request.url.replace(/#.*/, '');
        const request = { url, depth: depthOf(url, event, byUrl), bytes: event.redirectResponse?.encodedDataLength ?? 0 };
        byUrl.set(url, request);
        byId.set(event.requestId, request);
        requests.push(request);
    });
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
        byId.get(requestId).bytes += encodedDataLength;
    });
    await session.send('Network.enable');
    return requests;
}

// Milliseconds since the navigation began, once something has been painted.
export function firstPaint(page) {
    return page.evaluate(() => new Promise((resolve) => {
        new PerformanceObserver((list) => {
            const found = list.getEntriesByName('first-contentful-paint')[0];
            if (found) resolve(found.startTime);
        }).observe({ type: 'paint', buffered: true });
    }));
}

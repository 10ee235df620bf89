package io.narthex.httpclient;

import io.narthex.config.yaml.SecretKeys;
import io.narthex.model.go.GoString;
import io.narthex.model.go.GoUrl;
import io.narthex.spi.plugin.HttpTransport;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.eclipse.jetty.client.BytesRequestContent;
import org.eclipse.jetty.client.Connection;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.HttpResponseException;
import org.eclipse.jetty.client.InputStreamResponseListener;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Transport;
import org.eclipse.jetty.util.Promise;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP client of the server, on Jetty's. Thread-safe; keeps connections open between requests.
 * Error messages are those of Go's net/http, which users search for.
 *
 * <p>A GET request of a virtual thread over plain HTTP, as most scrapes are, is written and read by
 * that thread itself on a blocking socket, see {@link PlainExchange}: Jetty's client would hand it
 * from thread to thread, which costs more than a scrape's parsing.
 */
public final class JettyHttpTransport implements HttpTransport, AutoCloseable {
  /** Where requests begin before scheme, host and path are set; the client wants some. */
  private static final URI ANY = URI.create("http://host.invalid/");

  private static final int MAX_REDIRECTS = 10;
  private static final Pattern OBJECT = Pattern.compile("@[0-9a-f]{4,}|org\\.eclipse|Exception", 0);
  private static final int MAX_BODY = 16 << 20;
  private static final Set<String> REPEATABLE = Set.of("GET", "HEAD", "OPTIONS");

  /**
   * Attempts on connections that the server has closed; the next one is new or known to be alive.
   */
  private static final int MAX_STALE = 10;

  private final ClientPool pool;
  private final PlainConnections plain = new PlainConnections(this::resolve, System::nanoTime);

  /** Connections that have received a response, so that a later end means they were merely idle. */
  private final Set<Connection> answered =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  private final OAuth2Tokens tokens = new OAuth2Tokens(this);
  private final String userAgent;
  private final Map<String, String> environment;

  /**
   * Creates a client; it opens nothing before the first request.
   *
   * @param userAgent sent where a request has no User-Agent of its own
   */
  public JettyHttpTransport(String userAgent) {
    this(userAgent, System.getenv(), HostNames::lookUp);
  }

  JettyHttpTransport(String userAgent, Map<String, String> environment, HostResolver.Lookup names) {
    this.pool = new ClientPool(names);
    this.userAgent = userAgent;
    this.environment = Map.copyOf(environment);
  }

  @Override
  public Response send(Request request, HttpSettings settings)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + request.timeout().toNanos();
    GoUrl url = request.url();
    String method = request.method();
    byte[] body = request.body();
    if (body != null && body.length > MAX_BODY) {
      String text = "body must be at most " + MAX_BODY + " bytes, got " + body.length;
      throw failure(method, url, text, null);
    }
    boolean trusted = true;
    for (int hop = 0; ; hop++) {
      Response exchange;
      try {
        exchange = exchange(request, settings, method, url, body, trusted, deadline);
      } catch (HopException e) {
        throw hop == 0
            ? e
            : failure(
                request.method(),
                request.url(),
                "redirected to " + origin(url) + ": " + e.reason,
                e);
      }
      String location = exchange.header("Location");
      int status = exchange.status();
      boolean redirect =
          settings.followRedirects()
              && (status == 301
                  || status == 302
                  || status == 303
                  || status == 307
                  || status == 308);
      if (location == null || !redirect) {
        return exchange;
      }
      exchange.close();
      if (hop == MAX_REDIRECTS) {
        throw failure(method, url, "stopped after " + MAX_REDIRECTS + " redirects", null);
      }
      GoUrl next;
      try {
        next = url.resolve(location);
      } catch (GoUrl.InvalidUrlException e) {
        throw failure(method, url, "failed to parse the Location header: " + e.reason(), e);
      }
      if (status <= 303 && !method.equals("HEAD") && !method.equals("GET")) {
        method = "GET";
        body = null;
      }
      if (body != null && !origin(next).equals(origin(url)) && !isUpgrade(url, next)) {
        throw failure(
            method,
            url,
            "redirected with status "
                + status
                + " to "
                + origin(next)
                + "; its body is not sent there, so give that URL if it is the right one",
            null);
      }
      // secrets are for the host that the user named, not for the one it redirects to
      trusted &= origin(next).equals(origin(request.url()));
      url = next;
    }
  }

  /** Returns whether a redirect only upgrades to TLS: the same host, on the default ports. */
  private static boolean isUpgrade(GoUrl from, GoUrl to) {
    return from.scheme().equals("http")
        && to.scheme().equals("https")
        && from.hostname().equalsIgnoreCase(to.hostname())
        && to.portNumber() == 443;
  }

  private static String origin(GoUrl url) {
    return url.scheme()
        + "://"
        + HostNames.toDial(url).toLowerCase(Locale.ROOT)
        + ":"
        + url.portNumber();
  }

  /** The server had closed a kept-alive connection; there was no response. */
  private static final class StaleConnectionException extends HopException {
    private static final long serialVersionUID = 1L;

    StaleConnectionException(HopException failure) {
      super(String.valueOf(failure.getMessage()), failure.reason, failure);
    }
  }

  /**
   * Sends a request and returns the response. The server may close a kept-alive connection just
   * when it is reused: requests that may be repeated are then retried, as Go's client does.
   */
  private Response exchange(
      Request request,
      HttpSettings settings,
      String method,
      GoUrl url,
      byte @Nullable [] body,
      boolean trusted,
      long deadline)
      throws IOException, InterruptedException {
    for (int tries = 1; ; tries++) {
      try {
        return exchangeOnce(request, settings, method, url, body, trusted, deadline);
      } catch (StaleConnectionException e) {
        boolean again = body == null && REPEATABLE.contains(method) && tries < MAX_STALE;
        if (!again) {
          throw e;
        }
      }
    }
  }

  private Response exchangeOnce(
      Request request,
      HttpSettings settings,
      String method,
      GoUrl url,
      byte @Nullable [] body,
      boolean trusted,
      long deadline)
      throws IOException, InterruptedException {
    if (!url.scheme().equals("http") && !url.scheme().equals("https")) {
      String reason = "unsupported protocol scheme " + GoString.quote(url.scheme());
      throw failure(method, url, reason, null);
    }
    if (url.host().isEmpty()) {
      throw failure(method, url, "http: no Host in request URL", null);
    }
    GoUrl proxy = proxy(settings, method, url);
    checkPort(proxy == null ? url : proxy, proxy != null, method, url);
    String authorization = null;
    Map<String, List<String>> extra = Map.of();
    if (trusted) {
      try {
        // as in Go, a login in the URL comes before that of the settings
        authorization = url.user() == null ? Credentials.authorization(settings) : null;
        extra = Credentials.headers(settings);
      } catch (IOException e) {
        throw failure(method, url, String.valueOf(e.getMessage()), e);
      }
      if (settings.oauth2() != null) {
        authorization = tokens.authorization(settings.oauth2(), settings, request.timeout());
      }
    }
    long remaining = deadline - System.nanoTime();
    if (remaining <= 0) {
      throw failure(method, url, "context deadline exceeded", new TimeoutException());
    }
    HttpFields.Mutable headers = headers(request, url, trusted, authorization, extra);
    if (proxy == null && body == null && request.unixSocket() == null && method.equals("GET")) {
      byte[] head = Thread.currentThread().isVirtual() ? PlainHead.of(url, headers) : null;
      if (head != null) {
        return plainExchange(url, head, deadline);
      }
    }
    HttpClient client =
        pool.client(
            new ClientPool.Key(
                trusted ? settings.tlsConfig() : anonymous(settings.tlsConfig()),
                proxy,
                settings.proxyConnectHeader(),
                settings.enableHttp2() && url.scheme().equals("https")));
    org.eclipse.jetty.client.Request r = client.newRequest(ANY).method(method);
    r.scheme(url.scheme()).host(HostNames.toDial(url)).port(url.portNumber());
    boolean whole = proxy != null && !isSocks(proxy) && url.scheme().equals("http");
    r.path((whole ? "http://" + HostNames.header(url) : "") + url.requestTarget());
    r.timeout(remaining, TimeUnit.NANOSECONDS);
    r.headers(h -> h.add(headers));
    if (body != null) {
      String type = "application/octet-stream";
      for (Map.Entry<String, String> e : request.headers().entrySet()) {
        if (e.getKey().equalsIgnoreCase("Content-Type")) {
          type = e.getValue();
        }
      }
      r.body(new BytesRequestContent(type, body));
    }
    if (request.unixSocket() != null) {
      r.transport(new Transport.TCPUnix(Path.of(request.unixSocket())));
    }
    InputStreamResponseListener listener = new InputStreamResponseListener();
    r.send(listener);
    try {
      org.eclipse.jetty.client.Response response =
          listener.get(Math.max(1, remaining), TimeUnit.NANOSECONDS);
      Connection connection = r.getConnection();
      if (connection != null) {
        answered.add(connection);
      }
      return new Exchange(r, response, listener, method, url);
    } catch (InterruptedException e) {
      r.abort(e);
      throw e;
    } catch (TimeoutException e) {
      r.abort(e);
      throw failure(method, url, "context deadline exceeded", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      HopException failure = failure(method, url, reason(cause, url, proxy), cause);
      Connection connection = r.getConnection();
      boolean stale = connection != null && answered.contains(connection) && isClosedByPeer(cause);
      throw stale ? new StaleConnectionException(failure) : failure;
    }
  }

  private @Nullable GoUrl proxy(HttpSettings settings, String method, GoUrl url)
      throws HopException {
    GoUrl proxy;
    try {
      proxy = ProxyRules.proxyFor(settings, url, environment);
    } catch (GoUrl.InvalidUrlException e) {
      throw failure(method, url, "proxy: " + e.reason(), e);
    }
    if (proxy == null || isSocks(proxy)) {
      return proxy;
    }
    if (!proxy.scheme().equals("http") && !proxy.scheme().equals("https")) {
      String reason = "proxy: unsupported scheme " + GoString.quote(proxy.scheme());
      throw failure(method, url, reason, null);
    }
    return proxy;
  }

  private static boolean isSocks(GoUrl proxy) {
    return proxy.scheme().equals("socks5") || proxy.scheme().equals("socks5h");
  }

  /** Refuses what nobody can connect to, with the words of Go's dialer. */
  private static void checkPort(GoUrl to, boolean isProxy, String method, GoUrl url)
      throws HopException {
    String via = isProxy ? "proxyconnect tcp: " : "";
    if (to.portNumber() < 0) {
      throw failure(method, url, via + "dial tcp: address " + to.port() + ": invalid port", null);
    }
    if (to.portNumber() == 0) {
      String reason = via + "dial tcp " + to.host() + ": connect: connection refused";
      throw failure(method, url, reason, null);
    }
  }

  private HttpFields.Mutable headers(
      Request request,
      GoUrl url,
      boolean trusted,
      @Nullable String authorization,
      Map<String, List<String>> extra) {
    HttpFields.Mutable h = HttpFields.build().put("Host", HostNames.header(url));
    for (Map.Entry<String, String> e : request.headers().entrySet()) {
      String name = e.getKey();
      boolean secret = name.equalsIgnoreCase("Authorization") || name.equalsIgnoreCase("Cookie");
      if ((trusted || !secret) && !name.equalsIgnoreCase("Content-Type")) {
        h.put(name, e.getValue());
      }
    }
    if (!h.contains("User-Agent")) {
      h.put("User-Agent", userAgent);
    }
    if (!h.contains("Accept-Encoding")) {
      h.put("Accept-Encoding", "gzip");
    }
    String user = url.user();
    if (authorization != null) {
      h.put("Authorization", authorization);
    } else if (user != null && !h.contains("Authorization")) {
      String password = Objects.requireNonNullElse(url.password(), "");
      h.put("Authorization", Credentials.basic(user, password));
    }
    extra.forEach((name, values) -> values.forEach(v -> h.add(name, v)));
    return h;
  }

  /** Sends a request on a connection that this thread reads itself. */
  private Response plainExchange(GoUrl url, byte[] head, long deadline)
      throws IOException, InterruptedException {
    var address = new PlainConnections.Address(HostNames.toDial(url), url.portNumber());
    PlainConnections.Connection connection = null;
    try {
      connection = plain.take(address, deadline);
      return PlainExchange.send(
          plain, connection, head, deadline, e -> failure("GET", url, reason(e, url), e));
    } catch (IOException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      if (e instanceof SocketTimeoutException late && System.nanoTime() - deadline >= 0) {
        throw failure("GET", url, "context deadline exceeded", PlainExchange.timeout(late));
      }
      HopException failure = failure("GET", url, reason(e, url), e);
      if (connection != null && connection.isUsed() && isClosedByPeer(e)) {
        plain.forget(address);
        throw new StaleConnectionException(failure);
      }
      throw failure;
    }
  }

  private List<InetSocketAddress> resolve(PlainConnections.Address address, long deadline)
      throws IOException, InterruptedException {
    HttpClient client = pool.client(new ClientPool.Key(null, null, Map.of(), false));
    Promise.Completable<List<InetSocketAddress>> found = new Promise.Completable<>();
    client.getSocketAddressResolver().resolve(address.host(), address.port(), Map.of(), found);
    try {
      return found.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException failed
          ? failed
          : new IOException("address lookup failed", e.getCause());
    } catch (TimeoutException _) {
      throw new SocketTimeoutException("no time is left");
    }
  }

  /** Returns TLS settings without the client's certificate, which is a credential too. */
  private static @Nullable TlsSettings anonymous(@Nullable TlsSettings tls) {
    return tls == null
        ? null
        : new TlsSettings(
            tls.ca(),
            tls.caFile(),
            "",
            "",
            null,
            "",
            tls.serverName(),
            tls.insecureSkipVerify(),
            tls.minVersion(),
            tls.maxVersion());
  }

  private static boolean isClosedByPeer(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      String message = String.valueOf(t.getMessage()).toLowerCase(Locale.ROOT);
      if (t instanceof EOFException
          || t instanceof ClosedChannelException
          || message.contains("connection reset")
          || message.contains("broken pipe")) {
        return true;
      }
    }
    return false;
  }

  /** A failure whose text names the URL, without its secrets. */
  private static class HopException extends IOException {
    private static final long serialVersionUID = 1L;

    /** What went wrong, without the URL. */
    final String reason;

    HopException(String message, String reason, @Nullable Throwable cause) {
      super(message, cause);
      this.reason = reason;
    }
  }

  private static HopException failure(
      String method, GoUrl url, String reason, @Nullable Throwable cause) {
    String verb = method.substring(0, 1) + method.substring(1).toLowerCase(Locale.ROOT);
    return new HopException(
        verb + " \"" + SecretKeys.shownUrl(url.toString()) + "\": " + reason, reason, cause);
  }

  /** Returns the message of Go's net package for a failure, which users know. */
  static String reason(Throwable failure, GoUrl url) {
    return reason(failure, url, null);
  }

  private static String hostPort(GoUrl url) {
    String host = HostNames.toDial(url);
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + url.portNumber();
  }

  private static String reason(Throwable failure, GoUrl url, @Nullable GoUrl proxy) {
    String host = HostNames.toDial(proxy == null ? url : proxy);
    String where = hostPort(proxy == null ? url : proxy);
    String dial = "dial tcp";
    if (proxy != null) {
      dial =
          isSocks(proxy)
              ? "socks connect tcp " + where + "->" + hostPort(url) + ": " + dial
              : "proxyconnect tcp: " + dial;
    }
    for (Throwable t = failure; t != null; t = t.getCause()) {
      switch (t) {
        case UnknownHostException _ -> {
          return dial + ": lookup " + host + ": no such host";
        }
        case UnresolvedAddressException _ -> {
          return dial + ": lookup " + host + ": no such host";
        }
        case SocketTimeoutException _ -> {
          return dial + " " + where + ": i/o timeout";
        }
        case NoRouteToHostException _ -> {
          return dial + " " + where + ": connect: no route to host";
        }
        case ConnectException c -> {
          String m = String.valueOf(c.getMessage()).toLowerCase(Locale.ROOT);
          return dial
              + " "
              + where
              + ": connect: "
              + (m.contains("refused") ? "connection refused" : m);
        }
        case TimeoutException _ -> {
          return "context deadline exceeded";
        }
        case EOFException _ -> {
          return "EOF";
        }
        case HttpResponseException answer when isConnect(answer) -> {
          return HttpStatus.getMessage(answer.getResponse().getStatus());
        }
        case HttpException bad -> {
          String why = bad.getReason();
          return "malformed HTTP response" + (why == null || isInternal(why) ? "" : ": " + why);
        }
        case javax.net.ssl.SSLException s -> {
          return TlsFailure.text(s);
        }
        default -> {
          // continue with the cause
        }
      }
    }
    String message = failure.getMessage();
    if (message == null || isInternal(message)) {
      return failure instanceof HttpResponseException
          ? "malformed HTTP response"
          : "transport connection broken";
    }
    return message;
  }

  /** Returns whether a proxy refused to connect. */
  private static boolean isConnect(HttpResponseException answer) {
    return answer.getResponse().getRequest().getMethod().equals("CONNECT");
  }

  /** Returns whether a message shows objects of the client, which mean nothing to users. */
  private static boolean isInternal(String message) {
    return OBJECT.matcher(message).find();
  }

  /** Returns how many connections of plain HTTP wait for their next request. */
  int plainWaiting() {
    return plain.waiting();
  }

  @Override
  public void close() {
    plain.close();
    pool.close();
  }

  /** A response whose body is still to be read. */
  static final class Exchange implements Response {
    private final org.eclipse.jetty.client.Request request;
    private final org.eclipse.jetty.client.Response response;
    private final InputStreamResponseListener listener;
    private final String method;
    private final GoUrl url;
    private @Nullable InputStream body;

    Exchange(
        org.eclipse.jetty.client.Request request,
        org.eclipse.jetty.client.Response response,
        InputStreamResponseListener listener,
        String method,
        GoUrl url) {
      this.request = request;
      this.response = response;
      this.listener = listener;
      this.method = method;
      this.url = url;
    }

    @Override
    public int status() {
      return response.getStatus();
    }

    @Override
    public @Nullable String header(String name) {
      return response.getHeaders().get(name);
    }

    @Override
    public InputStream body() throws IOException {
      if (body == null) {
        InputStream raw = new Raw(listener.getInputStream(), request, method, url);
        String encoding = header("Content-Encoding");
        body =
            encoding != null && encoding.equalsIgnoreCase("gzip")
                ? new GZIPInputStream(raw, 4096)
                : raw;
      }
      return body;
    }

    @Override
    public void close() {
      if (Thread.currentThread().isInterrupted()) {
        request.abort(new IOException("interrupted"));
      }
      InputStream b = body;
      try {
        if (b == null) {
          b = listener.getInputStream();
        }
        // reading a short rest is cheaper than a new connection
        byte[] rest = new byte[4096];
        int n = b.readNBytes(rest, 0, rest.length);
        if (n == rest.length) {
          request.abort(new IOException("body not wanted"));
        }
      } catch (IOException _) {
        request.abort(new IOException("body not wanted"));
      } finally {
        try {
          if (b != null) {
            b.close();
          }
        } catch (IOException _) {
          // closing has done its work
        }
      }
    }
  }

  /** Turns failures while reading into messages for users. */
  private static final class Raw extends FilterInputStream {
    private final org.eclipse.jetty.client.Request request;
    private final String method;
    private final GoUrl url;

    Raw(InputStream in, org.eclipse.jetty.client.Request request, String method, GoUrl url) {
      super(in);
      this.request = request;
      this.method = method;
      this.url = url;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] b, int off, int len) throws IOException {
      try {
        return super.read(b, off, len);
      } catch (InterruptedIOException e) {
        // the client clears the flag; without it close() would wait for a rest that never comes
        request.abort(e);
        Thread.currentThread().interrupt();
        throw e;
      } catch (IOException e) {
        String reason = reason(e, url);
        throw HttpTransport.isTimeout(e)
            ? new IOException(reason, e)
            : failure(method, url, reason, e);
      } catch (RuntimeException e) {
        // the stream throws whatever the exchange failed with, the same object at every call
        throw failure(method, url, reason(e, url), e);
      }
    }
  }
}

package io.narthex.http.access;

import io.narthex.service.config.AccessConfig;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Logins of browsers, in memory: they end with the process and with an update of this bundle. The
 * least recently used one is dropped when there are too many, in total or of one name. Only a
 * digest of the cookie is kept. Thread-safe.
 */
final class Sessions {
  private static final int MOST = 10_000;
  private static final int MOST_OF_ONE = 50;

  private final LongSupplier nanos;
  private final Map<String, Session> byDigest = new LinkedHashMap<>(16, 0.75f, true); // this

  Sessions(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /**
   * A session; its rights are looked up for each request, so that a revoked role or token counts.
   */
  static final class Session {
    private final String name;
    private final String csrf = Digests.random();
    private final Function<ListenerAccess, @Nullable Identity> identity;
    private final long openedNanos;
    private long usedNanos; // guarded by the sessions

    private Session(
        String name, Function<ListenerAccess, @Nullable Identity> identity, long nowNanos) {
      this.name = name;
      this.identity = identity;
      openedNanos = nowNanos;
      usedNanos = nowNanos;
    }

    /** Returns what requests that change something have to name. */
    String csrf() {
      return csrf;
    }

    /**
     * Returns whose session it is, or null when the login is no longer valid, or not at this
     * listener.
     */
    @Nullable Identity identity(ListenerAccess listener) {
      return identity.apply(listener);
    }
  }

  /** Opens a session and returns the content of its cookie. */
  synchronized String open(String name, Function<ListenerAccess, @Nullable Identity> identity) {
    String cookie = Digests.random();
    makeRoom(name);
    byDigest.put(Digests.sha256Hex(cookie), new Session(name, identity, nanos.getAsLong()));
    return cookie;
  }

  private void makeRoom(String name) {
    int all = byDigest.size();
    int ofOne = 0;
    for (Session s : byDigest.values()) {
      ofOne += s.name.equals(name) ? 1 : 0;
    }
    if (all < MOST && ofOne < MOST_OF_ONE) {
      return;
    }
    for (Iterator<Session> i = byDigest.values().iterator(); i.hasNext(); ) {
      Session oldest = i.next();
      if (ofOne < MOST_OF_ONE || oldest.name.equals(name)) {
        i.remove();
        return;
      }
    }
  }

  /** Returns the session of a cookie, or null when there is none or it has ended. */
  synchronized @Nullable Session find(String cookie, AccessConfig.Sessions limits) {
    String digest = Digests.sha256Hex(cookie);
    Session found = byDigest.get(digest);
    if (found == null) {
      return null;
    }
    long now = nanos.getAsLong();
    if (now - found.openedNanos >= limits.timeout().toNanos()
        || now - found.usedNanos >= limits.idleTimeout().toNanos()) {
      byDigest.remove(digest);
      return null;
    }
    found.usedNanos = now;
    return found;
  }

  /** Ends the session of a cookie. */
  synchronized void close(String cookie) {
    byDigest.remove(Digests.sha256Hex(cookie));
  }

  synchronized int size() {
    return byDigest.size();
  }
}

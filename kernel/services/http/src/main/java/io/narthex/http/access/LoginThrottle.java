package io.narthex.http.access;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Makes guessing passwords slow: after a few failures each further one doubles the pause, per
 * address and per user. An attempt counts as a failure until it has succeeded, so that attempts at
 * the same time gain nothing. The pause of a user has a low maximum, since anybody can cause it.
 * Thread-safe.
 */
final class LoginThrottle {
  private static final int FREE = 5;
  private static final int MOST = 10_000;
  private static final long MAX_PEER_SECONDS = 900;
  private static final long MAX_USER_SECONDS = 30;
  private static final long FORGOTTEN_NANOS = 3_600_000_000_000L;
  private static final long SECOND = 1_000_000_000L;

  private final LongSupplier nanos;
  private final Map<String, Failures> peers = lru(); // guarded by this
  private final Map<String, Failures> users = lru(); // guarded by this

  LoginThrottle(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** Failures in a row, and until when the next attempt is refused. */
  private record Failures(int count, long lastNanos, long pauseNanos) {
    long waitNanos(long now) {
      return pauseNanos - (now - lastNanos);
    }
  }

  private static Map<String, Failures> lru() {
    return new LinkedHashMap<>(16, 0.75f, true) {
      private static final long serialVersionUID = 1;

      @Override
      protected boolean removeEldestEntry(Map.Entry<String, Failures> eldest) {
        return size() > MOST;
      }
    };
  }

  /**
   * Counts an attempt.
   *
   * @param user empty when no user is named
   * @return 0 when it may be made, otherwise the seconds until one may
   */
  synchronized long attempt(String peer, String user) {
    long now = nanos.getAsLong();
    String from = key(peer);
    String who = Digests.sha256Hex(user);
    long wait = wait(peers, from, now);
    if (!user.isEmpty()) {
      wait = Math.max(wait, wait(users, who, now));
    }
    if (wait > 0) {
      return (wait + SECOND - 1) / SECOND;
    }
    count(peers, from, now, MAX_PEER_SECONDS);
    if (!user.isEmpty()) {
      count(users, who, now, MAX_USER_SECONDS);
    }
    return 0;
  }

  private static long wait(Map<String, Failures> all, String key, long now) {
    Failures known = all.get(key);
    return known == null ? 0 : known.waitNanos(now);
  }

  private static void count(Map<String, Failures> all, String key, long now, long maxSeconds) {
    Failures known = all.get(key);
    int count = known == null || now - known.lastNanos() > FORGOTTEN_NANOS ? 1 : known.count() + 1;
    long pause = count < FREE ? 0 : Math.min(maxSeconds, 1L << Math.min(count - FREE, 30)) * SECOND;
    all.put(key, new Failures(count, now, pause));
  }

  /** The attempt succeeded: clears the failures of the user, of the peer only this attempt. */
  synchronized void succeeded(String peer, String user) {
    users.remove(Digests.sha256Hex(user));
    undo(peers, key(peer));
  }

  /** The attempt was not made: takes it back. */
  synchronized void notMade(String peer, String user) {
    undo(peers, key(peer));
    undo(users, Digests.sha256Hex(user));
  }

  synchronized int size() {
    return peers.size() + users.size();
  }

  private static void undo(Map<String, Failures> all, String key) {
    Failures known = all.get(key);
    if (known != null && known.count() <= 1) {
      all.remove(key);
    } else if (known != null) {
      all.put(key, new Failures(known.count() - 1, known.lastNanos(), 0));
    }
  }

  /** An IPv6 client usually has a whole /64 of addresses. */
  private static String key(String peer) {
    try {
      byte[] address = InetAddress.ofLiteral(peer.replaceAll("[\\[\\]]", "")).getAddress();
      return HexFormat.of().formatHex(address.length == 16 ? Arrays.copyOf(address, 8) : address);
    } catch (IllegalArgumentException e) {
      return "";
    }
  }
}

package io.narthex.http.access;

import at.favre.lib.crypto.bcrypt.BCrypt;
import at.favre.lib.crypto.bcrypt.LongPasswordStrategies;
import io.narthex.spi.config.Secret;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * Compares passwords with bcrypt hashes. That is slow on purpose, so it happens on one thread of
 * its own, with a bounded queue and a cache of results: guessing passwords takes no time from other
 * requests. Thread-safe.
 */
final class Passwords implements AutoCloseable {
  /**
   * Compared for a user that does not exist, so that response times do not reveal which users do.
   */
  private static final String NOBODY =
      "$2y$10$J6B2zOFDjEwaxp6twL2cmuj8./9.kCsleBmwdN8kFIXAjcnLC2cR2";

  /** Version and cost, which is from 4 to 31. */
  private static final Pattern FORM = Pattern.compile("\\$2[aby]\\$(0[4-9]|[12][0-9]|3[01])\\$", 0);

  /** Characters of a hash. */
  private static final int LENGTH = 60;

  private static final int REMEMBERED = 200;
  private static final int WAITING = 64;

  /** In characters; bcrypt looks at the first 72 bytes. */
  private static final int MAX_PASSWORD = 1024;

  private final ThreadPoolExecutor worker =
      new ThreadPoolExecutor(
          1,
          1,
          1,
          TimeUnit.MINUTES,
          new ArrayBlockingQueue<>(WAITING),
          r -> Thread.ofPlatform().daemon().name("http-password").unstarted(r));

  private final Map<Key, Boolean> right = lru();
  private final Map<Key, Boolean> wrong = lru();

  /** A digest; the password itself is not kept. */
  private record Key(String digest) {}

  /** The result of a comparison. */
  enum Verdict {
    RIGHT,
    WRONG,
    /** Too many others are waiting. */
    BUSY
  }

  Passwords() {
    worker.allowCoreThreadTimeOut(true);
  }

  private static Map<Key, Boolean> lru() {
    return new LinkedHashMap<>(16, 0.75f, true) {
      @Override
      protected boolean removeEldestEntry(Map.Entry<Key, Boolean> eldest) {
        return size() > REMEMBERED;
      }
    };
  }

  /**
   * Returns whether a string begins as a bcrypt hash and is long enough. As in the original, the
   * rest is looked at when a password is compared, and what follows the hash does not matter: files
   * with a line break or blank there exist.
   */
  static boolean isHash(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length >= LENGTH - 1
        && FORM.matcher(text).lookingAt();
  }

  /** The versions a, b and y differ in nothing but the letter. */
  private static String normal(String hash) {
    String cut = hash.length() > LENGTH ? hash.substring(0, LENGTH) : hash;
    return FORM.matcher(cut).lookingAt() ? "$2y" + cut.substring(3) : cut;
  }

  /** Compares the password of a user. */
  Verdict check(Map<String, Secret> users, String user, String password) {
    if (password.length() > MAX_PASSWORD) {
      return Verdict.WRONG;
    }
    Secret known = users.get(user);
    String hash = normal(known == null ? NOBODY : known.reveal());
    Key key = new Key(digest(user + '\0' + hash + '\0' + password));
    synchronized (right) {
      if (known != null && right.containsKey(key)) {
        return Verdict.RIGHT;
      }
      if (wrong.containsKey(key)) {
        return Verdict.WRONG;
      }
    }
    FutureTask<Boolean> comparison =
        new FutureTask<>(() ->
            BCrypt.verifyer(
                    BCrypt.Version.VERSION_2Y,
                    LongPasswordStrategies.truncate(BCrypt.Version.VERSION_2Y))
                .verify(
                    password.getBytes(StandardCharsets.UTF_8),
                    hash.getBytes(StandardCharsets.UTF_8))
                .verified);
    try {
      worker.execute(comparison);
      boolean same = comparison.get() && known != null;
      synchronized (right) {
        (same ? right : wrong).put(key, true);
      }
      return same ? Verdict.RIGHT : Verdict.WRONG;
    } catch (RejectedExecutionException e) {
      return Verdict.BUSY;
    } catch (InterruptedException e) {
      comparison.cancel(true);
      Thread.currentThread().interrupt();
      return Verdict.BUSY;
    } catch (ExecutionException e) {
      return Verdict.WRONG;
    }
  }

  private static String digest(String text) {
    try {
      return java.util.HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    worker.shutdownNow();
  }
}

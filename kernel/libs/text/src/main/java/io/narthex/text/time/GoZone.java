package io.narthex.text.time;

import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneRulesException;
import java.time.zone.ZoneRulesProvider;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds time zones by the names that Go's time.LoadLocation knows: those of the tz database. */
public final class GoZone {
  private static final ZoneId UTC = ZoneId.of("UTC");

  /** The folder of the tz database that holds all of it once more. */
  private static final String POSIX = "posix/";

  /** Names of the tz database that Java does not have, with zones that are the same. */
  private static final Map<String, String> ALIASES =
      Map.of("EST", "America/Panama", "MST", "America/Phoenix", "HST", "Pacific/Honolulu");

  private GoZone() {}

  /** Returns the zone of the server. */
  public static ZoneId local() {
    ZoneId zone = ZoneId.systemDefault();
    return zone.normalized().equals(ZoneOffset.UTC) ? UTC : zone;
  }

  /**
   * Returns a zone: UTC for the empty name, the server's for {@code Local}, else one of the tz
   * database. Offsets such as {@code +02:00} and {@code UTC+2} are no names.
   *
   * @return null when there is none of that name
   */
  public static @Nullable ZoneId find(String name) {
    if (name.isEmpty() || name.equals("UTC")) {
      return UTC;
    }
    if (name.equals("Local")) {
      return local();
    }
    String plain = name.startsWith(POSIX) ? name.substring(POSIX.length()) : name;
    String known = ALIASES.getOrDefault(plain, plain);
    try {
      return ZoneRulesProvider.getAvailableZoneIds().contains(known) ? ZoneId.of(known) : null;
    } catch (ZoneRulesException e) {
      return null;
    }
  }
}

package io.narthex.bench.push;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Paths of a few groups, in all forms, and paths that name none. Not thread-safe. */
final class RandomPaths {
  private static final String START = "/metrics/job";

  private static final List<String> WRONG =
      List.of(
          "/metrics/job/",
          "/metrics/job//",
          "/metrics/job//zone/z1",
          "/metrics/job@base64/=",
          "/metrics/job@base64/==",
          "/metrics/job@base64/a.b",
          "/metrics/job@base64/Y",
          "/metrics/job/alpha/zone",
          "/metrics/job/alpha/zone/z1/",
          "/metrics/job/alpha/zone/z1/more",
          "/metrics/job/alpha/zone/a%2Fb",
          "/metrics/job/a%2Fb",
          "/metrics/job/alpha/__zone/z1",
          "/metrics/job/alpha/__name__/x",
          "/metrics/job/alpha/1zone/z1",
          "/metrics/job/alpha/zone-1/z1",
          "/metrics/job/alpha/zone:1/z1",
          "/metrics/job/alpha/z%C3%B6ne/z1",
          "/metrics/job/alpha/zone@base32/z1",
          "/metrics/job/alpha/zone@base64@base64/ejE",
          "/metrics/job/alpha/@base64/ejE",
          "/metrics/job/alpha/zone@base64/a.b",
          "/metrics/job/alpha/zone@base64/Y",
          "/metrics/job/alpha/zone@base64/%2B%2F%2B%2F",
          "/metrics/job/alpha/zone@base64/e=jE",
          "/metrics/job/alpha/zone/%FF",
          "/metrics/job/alpha/zone@base64/_w",
          "/metrics/job/%E2%82");

  /**
   * Groups of which the original has only one at a time, as it adds an empty instance to those that
   * have none.
   */
  private static final List<String> TWINS =
      List.of(
          "/metrics/job/twin",
          "/metrics/job/twin",
          "/metrics/job/twin/instance/",
          "/metrics/job/twin/instance@base64/=");

  private static final List<String> JOBS = List.of("alpha", "alpha", "beta", "Jöb ä/€", "a+b c");
  private static final List<String> INSTANCES = List.of("i1", "[::1]:9100", "größe", "50%");
  private static final List<String> ZONES = List.of("z1", "z2", "", "a/b", "=");

  private final Dice dice;

  RandomPaths(Dice dice) {
    this.dice = dice;
  }

  /** Returns the path of a group. */
  String group() {
    if (dice.percent(2)) {
      return dice.pick(TWINS);
    }
    List<String> labels = new ArrayList<>();
    if (dice.percent(45)) {
      labels.add(part("instance", dice.pick(INSTANCES)));
    }
    if (dice.percent(35)) {
      labels.add(part("zone", dice.pick(ZONES)));
    }
    if (dice.percent(2)) {
      labels.add(part("job", "ignored"));
    }
    if (dice.percent(2)) {
      labels.add(part(dice.pick("le", "quantile"), "1"));
    }
    Collections.shuffle(labels, new Random(dice.below(100)));
    String path = START + value(dice.pick(JOBS)) + String.join("", labels);
    return path.endsWith("/") || !dice.percent(2) || !labels.isEmpty() ? path : path + '/';
  }

  /** Returns a path that is refused. */
  String wrong() {
    return dice.pick(WRONG);
  }

  private String part(String label, String value) {
    return '/' + label + value(value);
  }

  /** Returns the end of a label's name and the value. */
  private String value(String value) {
    if (value.isEmpty()) {
      return dice.percent(75) ? "@base64/" + dice.pick("=", "==") : "/";
    }
    if (value.contains("/") || dice.percent(20)) {
      String base64 = Base64.getUrlEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8));
      if (dice.percent(50)) {
        base64 = base64.replace("=", "");
      }
      return (dice.percent(90) ? "@base64/" : "%40base64/") + base64;
    }
    return '/' + URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }
}

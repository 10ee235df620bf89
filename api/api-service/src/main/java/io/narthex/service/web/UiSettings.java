package io.narthex.service.web;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.Setting;
import org.jspecify.annotations.Nullable;

/**
 * {@code ui:} of {@code narthex.yml}: settings of the pages.
 *
 * @since 1.1
 */
public record UiSettings(
    @Setting(help = "Links from series and exemplars to other programs") Links links) {
  /** What counts when the file says nothing. */
  public static final UiSettings DEFAULT = new UiSettings(new Links(null, null));

  /**
   * Links from series and exemplars to other programs.
   *
   * @param logs of a series
   * @param trace of an exemplar
   */
  public record Links(
      @Setting(help = "Link of a series to its logs", optional = true) @Nullable Link logs,
      @Setting(help = "Link of an exemplar to its trace", optional = true) @Nullable Link trace) {}

  /**
   * A link whose address depends on labels and times: {@code {labels.NAME}} is the value of a
   * label, {@code {labels}} all of them as a selector, {@code {start}} and {@code {end}} are epoch
   * milliseconds; all are percent-encoded. Placeholders may be in the path, the query and the
   * fragment, so that no label chooses the host.
   */
  public record Link(
      @Setting(help = "Text of the link", required = true) String title,
      @Setting(
              help =
                  "Address: http, https, or a path of this server; {labels.NAME}, {labels}, {start}"
                      + " and {end} are replaced",
              required = true)
          String url) {
    private static final int MAX_TITLE = 100;
    private static final int MAX_URL = 4096;
    private static final String LABEL = "labels.";

    /** Refuses a title or an address that cannot be used. */
    public Link {
      if (title.length() > MAX_TITLE) {
        throw ConfigException.at(
            "title", "title has at most " + MAX_TITLE + " characters, got " + title.length());
      }
      checkUrl(url);
    }

    private static void checkUrl(String url) {
      if (url.length() > MAX_URL) {
        throw refused("has at most " + MAX_URL + " characters, got " + url.length());
      }
      for (int i = 0; i < url.length(); i++) {
        if (url.charAt(i) <= ' ' || url.charAt(i) == '\\' || url.charAt(i) == 0x7f) {
          throw refused(
              "has a blank, a backslash or a control character at "
                  + (i + 1)
                  + "; write it as %20, %5C, …");
        }
      }
      checkHost(url);
      checkPlaceholders(url);
    }

    private static void checkHost(String url) {
      int scheme = scheme(url);
      if (scheme < 0 && !(url.startsWith("/") && !url.startsWith("//"))) {
        throw refused("must begin with http://, https:// or /, got \"" + url + "\"");
      }
      if (scheme < 0) {
        return;
      }
      int end = scheme;
      while (end < url.length() && "/?#".indexOf(url.charAt(end)) < 0) {
        end++;
      }
      String host = url.substring(scheme, end);
      if (host.isEmpty() || host.indexOf('{') >= 0 || host.indexOf('@') >= 0) {
        throw refused("needs a host without placeholders, user and password, got \"" + host + "\"");
      }
    }

    /** Returns the length of the scheme with its slashes; -1 for another one or none. */
    private static int scheme(String url) {
      for (String scheme : new String[] {"http://", "https://"}) {
        if (url.regionMatches(true, 0, scheme, 0, scheme.length())) {
          return scheme.length();
        }
      }
      return -1;
    }

    private static void checkPlaceholders(String url) {
      int at = 0;
      while (true) {
        int open = url.indexOf('{', at);
        int close = url.indexOf('}', at);
        if (open < 0 && close < 0) {
          return;
        }
        if (open < 0 || close < open) {
          throw refused(
              "has a brace without partner at "
                  + ((close < 0 ? open : open < 0 ? close : Math.min(open, close)) + 1)
                  + "; write braces that belong to the address as %7B and %7D");
        }
        String name = url.substring(open + 1, close);
        boolean label = name.startsWith(LABEL) && name.length() > LABEL.length();
        if (!label && !name.equals("labels") && !name.equals("start") && !name.equals("end")) {
          throw refused(
              "has the placeholder {"
                  + name
                  + "}; use {labels.NAME}, {labels}, {start} or {end}, and %7B and %7D for braces"
                  + " that belong to the address");
        }
        at = close + 1;
      }
    }

    private static ConfigException refused(String what) {
      return ConfigException.at("url", "url " + what);
    }
  }
}

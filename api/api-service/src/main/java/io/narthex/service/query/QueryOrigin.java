package io.narthex.service.query;

/** Who asks, for the query log. */
public sealed interface QueryOrigin {
  /**
   * An HTTP request.
   *
   * @param clientIp address of the client, without its port
   * @param method for example {@code GET}
   * @param path path of the request, without prefix of routes and query string
   */
  record Request(String clientIp, String method, String path) implements QueryOrigin {}

  /**
   * A group of rules.
   *
   * @param file the file it stands in
   * @param name its name
   */
  record RuleGroup(String file, String name) implements QueryOrigin {}
}

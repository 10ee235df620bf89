package io.narthex.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.http.access.Identity;
import io.narthex.http.pages.QueryHistory;
import io.narthex.http.pages.QueryHistory.Entry;
import io.narthex.http.store.Refused;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The queries that the sender has run and starred; all who are not logged in share one list. Each
 * user sees and changes the own ones alone. Errors are {@code {"error": text}}.
 */
@Path("/narthex/api/v1/history")
public final class HistoryApi {
  private static final int LIMIT = 100;
  private static final int MAX_BODY = 8 * QueryHistory.MAX_QUERY_BYTES; // with escapes

  private final QueryHistory history;

  HistoryApi(QueryHistory history) {
    this.history = history;
  }

  /** Returns the name whose queries a request is about. */
  static String user(HttpServletRequest request) {
    Identity identity = Identity.of(request);
    return identity == null ? "" : identity.name();
  }

  /** Returns the queries, the newest first. */
  @GET
  public Response list(
      @QueryParam("limit") @Nullable String limit, @Context HttpServletRequest request) {
    int most;
    try {
      most = limit == null || limit.isEmpty() ? LIMIT : Integer.parseInt(limit);
    } catch (NumberFormatException e) {
      most = 0;
    }
    if (most < 1 || most > QueryHistory.MAX_QUERIES) {
      return Api.failure(
          400,
          "limit: must be a number from 1 to "
              + QueryHistory.MAX_QUERIES
              + ", got \""
              + limit
              + "\"");
    }
    List<Entry> all;
    try {
      all = history.list(user(request), most);
    } catch (Refused e) {
      return Api.failure(e.status(), String.valueOf(e.getMessage()));
    }
    Response answer =
        Api.json(
            200,
            out ->
                out.object(() ->
                    out.objects(
                        "queries",
                        all,
                        e -> {
                          out.field("query", e.query());
                          out.field("lastMs", e.lastMs());
                          out.field("count", e.count());
                          out.field("starred", e.starred());
                        })));
    answer.getHeaders().putSingle("Cache-Control", "no-store");
    return answer;
  }

  /**
   * Takes {@code {"query": text}}, which was run, or {@code {"query": text, "starred": boolean}}.
   */
  @POST
  @Consumes(MediaType.WILDCARD)
  public Response add(@Context HttpServletRequest request, InputStream body) throws IOException {
    if (request.getContentLengthLong() > MAX_BODY) {
      return Api.failure(
          413,
          "the body has at most " + MAX_BODY + " bytes, got " + request.getContentLengthLong());
    }
    JsonNode given = TokenApi.object(body, MAX_BODY);
    if (given == null || !given.path("query").isTextual()) {
      return Api.failure(
          400,
          "the body must be a JSON object with the string query, of "
              + MAX_BODY
              + " bytes at most");
    }
    JsonNode starred = given.path("starred");
    if (!starred.isMissingNode() && !starred.isBoolean()) {
      return Api.failure(400, "starred: must be true or false, got " + starred.getNodeType());
    }
    String query = given.path("query").asText();
    try {
      if (starred.isBoolean()) {
        history.star(user(request), query, starred.asBoolean());
      } else {
        history.ran(user(request), query);
      }
      return Api.empty();
    } catch (Refused e) {
      return Api.failure(e.status(), String.valueOf(e.getMessage()));
    }
  }

  /** Removes a query, or all of them without parameter. */
  @DELETE
  public Response remove(
      @QueryParam("query") @Nullable String query, @Context HttpServletRequest request) {
    try {
      if (query == null) {
        history.clear(user(request));
      } else {
        history.remove(user(request), query);
      }
    } catch (Refused e) {
      return Api.failure(e.status(), String.valueOf(e.getMessage()));
    }
    return Response.noContent().build();
  }
}

package io.narthex.httpclient;

import java.io.IOException;
import org.eclipse.jetty.client.ProtocolHandler;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.client.Result;
import org.eclipse.jetty.client.transport.HttpConversation;
import org.eclipse.jetty.client.transport.HttpExchange;
import org.eclipse.jetty.client.transport.HttpRequest;

/**
 * Skips interim responses (status 1xx): as many as Go's client accepts. Jetty's own handlers accept
 * each kind once, or only where the request asked for it.
 */
final class InterimAnswers implements ProtocolHandler {
  /** The limit of Go's net/http. */
  private static final int MOST = 5;

  private static final String COUNT = InterimAnswers.class.getName();

  @Override
  public String getName() {
    return "interim-answers";
  }

  @Override
  public boolean accept(Request request, Response response) {
    int status = response.getStatus();
    return status >= 100 && status < 200 && status != 101;
  }

  @Override
  public Response.Listener getResponseListener() {
    return new Response.Listener() {
      @Override
      public void onSuccess(Response response) {
        HttpConversation conversation = ((HttpRequest) response.getRequest()).getConversation();
        int count = conversation.getAttribute(COUNT) instanceof Integer n ? n + 1 : 1;
        conversation.setAttribute(COUNT, count);
        // what follows goes to the listeners of the response
        conversation.updateResponseListeners(null);
        HttpExchange exchange = conversation.getExchanges().peekLast();
        if (exchange == null) {
          return;
        }
        exchange.resetResponse();
        if (count > MOST) {
          response.abort(new IOException("too many 1xx informational responses"));
        }
      }

      @Override
      public void onFailure(Response response, Throwable failure) {
        HttpConversation conversation = ((HttpRequest) response.getRequest()).getConversation();
        conversation.updateResponseListeners(null);
        HttpExchange exchange = conversation.getExchanges().peekLast();
        if (exchange != null) {
          exchange
              .getResponseListeners()
              .emitFailureComplete(
                  new Result(
                      exchange.getRequest(), exchange.getRequestFailure(), response, failure));
        }
      }

      @Override
      public void onComplete(Result result) {
        // the listeners see failures once they are restored
      }
    };
  }
}

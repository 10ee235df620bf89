package io.narthex.http;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;
import java.util.Set;

/** Tells {@link LiveStreams} of changes that requests make. */
final class LiveChanges implements ContainerResponseFilter {
  private static final Set<String> CHANGES = Set.of("POST", "PUT", "DELETE");

  private final LiveStreams streams;

  LiveChanges(LiveStreams streams) {
    this.streams = streams;
  }

  @Override
  public void filter(ContainerRequestContext request, ContainerResponseContext response) {
    if (CHANGES.contains(request.getMethod()) && response.getStatus() / 100 == 2) {
      LiveTopic topic = LiveTopic.changedBy("/" + request.getUriInfo().getPath());
      if (topic != null) {
        streams.changed(topic);
      }
    }
  }
}

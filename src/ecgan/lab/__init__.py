"""What makes data, reports and studies from the core; nothing below imports it."""

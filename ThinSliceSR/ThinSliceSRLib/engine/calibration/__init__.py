"""What a network expects of its errors against the errors that it made."""

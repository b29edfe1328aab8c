"""Static checks of what is not Python, SQL or Terraform: images, workflows, the compose file, documents, secrets."""
